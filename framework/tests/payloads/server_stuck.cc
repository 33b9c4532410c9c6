// Says something, lets the reader of a FIFO know, and never gets ready:
//   server_stuck FIFO
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  ::puts("still loading");
  ::fflush(stdout);
  const int fd = ::open(argv[1], O_WRONLY);
  if (fd < 0) return 1;
  ::close(fd);
  while (true) ::pause();
}
