// Has a child, whose pid it writes as "child PID"; both wait for the end:
//   server_family heeding    both end by SIGTERM
//   server_family deaf       the child ignores it
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  // Set before the fork: the child has it from its first moment.
  if (::strcmp(argv[1], "deaf") == 0) ::signal(SIGTERM, SIG_IGN);
  const pid_t child = ::fork();
  if (child > 0) {
    ::signal(SIGTERM, SIG_DFL);
    ::printf("child %d\n", static_cast<int>(child));
    ::fflush(stdout);
  }
  while (true) ::pause();
}
