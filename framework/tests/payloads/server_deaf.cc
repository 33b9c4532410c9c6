// Ignores SIGTERM:
//   server_deaf            in its own process group
//   server_deaf leaving    in its parent's
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char**) {
  ::signal(SIGTERM, SIG_IGN);
  if (argc > 1 && ::setpgid(0, ::getpgid(::getppid())) != 0) return 1;
  ::puts("deaf");
  ::fflush(stdout);
  while (true) ::pause();
}
