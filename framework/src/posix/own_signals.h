// Signals of a process that was forked to do one thing. Async-signal-safe.
#ifndef TESTCELL_SRC_POSIX_OWN_SIGNALS_H_
#define TESTCELL_SRC_POSIX_OWN_SIGNALS_H_

#include <signal.h>

namespace testcell::posix {

inline void BlockAllSignals() {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

// A parent that ignores SIGCHLD would take our children's fates from us.
inline void HearOfChildren() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &plain, nullptr);
}

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_OWN_SIGNALS_H_
