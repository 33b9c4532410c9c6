// The terminal that a command in a cell shares with the user.
#ifndef TESTCELL_CLI_SRC_TERMINAL_H_
#define TESTCELL_CLI_SRC_TERMINAL_H_

#include <termios.h>

#include "testcell/internal/supervisor.h"

namespace testcell::cli {

// Where stdout or stderr is this session's terminal the command stays in this
// process's group: then Ctrl-C, Ctrl-Z, fg, resizing and whatever stands beside
// it in a pipeline work as without a cell. Elsewhere it has a session of its
// own, so that no kill(0, ...) of it reaches the host.
class Terminal {
 public:
  Terminal();
  internal::Attach attach() const { return attach_; }

  // After the command, which as a shell may have taken the terminal for a
  // group that is gone. With `died`, by a signal: its settings, too.
  void TakeBack(bool died) const;

 private:
  internal::Attach attach_ = internal::Attach::kStreams;
  int fd_ = -1;  // stdout or stderr
  termios settings_{};
};

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_TERMINAL_H_
