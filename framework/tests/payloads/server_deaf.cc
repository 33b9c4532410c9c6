// Ignores SIGTERM.
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

int main() {
  ::signal(SIGTERM, SIG_IGN);
  ::puts("deaf");
  ::fflush(stdout);
  while (true) ::pause();
}
