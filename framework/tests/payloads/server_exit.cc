// Ends in the way it is told, after a word on each stream:
//   server_exit status N | signal N      at once
//   server_exit on-term N                with status N, on SIGTERM
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int number = ::atoi(argv[2]);
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  if (::strcmp(argv[1], "on-term") == 0) ::sigprocmask(SIG_BLOCK, &term, nullptr);

  ::puts("last words on stdout");
  ::fflush(stdout);
  ::fputs("last words on stderr\n", stderr);
  if (::strcmp(argv[1], "signal") == 0) {
    const rlimit no_core = {0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(number, SIG_DFL);  // a sanitizer may handle it
    ::raise(number);
  }
  if (::strcmp(argv[1], "on-term") == 0) {
    int signal = 0;
    ::sigwait(&term, &signal);
  }
  return number;
}
