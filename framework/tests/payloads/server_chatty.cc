// Writes lines of 16 bytes, as many as told, then "done", and waits for the end:
//   server_chatty LINES
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const long lines = ::atol(argv[1]);
  for (long line = 1; line <= lines; ++line) ::printf("line %010ld\n", line);
  ::puts("done");
  ::fflush(stdout);
  while (true) ::pause();
}
