// Signals to `testcell run` go on to its command.
#ifndef TESTCELL_CLI_SRC_SIGNAL_RELAY_H_
#define TESTCELL_CLI_SRC_SIGNAL_RELAY_H_

#include <signal.h>

#include "testcell/internal/supervisor.h"

namespace testcell::cli {

// While it lives the signals are blocked, and readable from fd(). Those that
// the program was told to ignore stay ignored. One at a time.
class SignalRelay {
 public:
  explicit SignalRelay(internal::Attach attach);
  ~SignalRelay();
  SignalRelay(const SignalRelay&) = delete;
  SignalRelay& operator=(const SignalRelay&) = delete;

  int fd() const { return fd_; }
  // Passes on what has come. Before the unit runs a signal that ends programs
  // ends this one.
  void PassOn(internal::Supervisor* supervisor, int unit);
  // Stops with the command, and goes on with it.
  void StopWith(internal::Supervisor* supervisor, int unit, int signal);
  // The mask before, for the command.
  void RestoreMask() const;
  // The terminal has sent SIGINT.
  bool interrupted_at_terminal() const { return interrupted_at_terminal_; }

 private:
  const internal::Attach attach_;
  sigset_t relayed_;
  sigset_t before_;
  int fd_ = -1;
  bool interrupted_at_terminal_ = false;
};

// Ends this process by the signal.
[[noreturn]] void DieOf(int signal);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_SIGNAL_RELAY_H_
