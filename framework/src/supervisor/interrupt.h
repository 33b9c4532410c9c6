// SIGINT and SIGTERM to a run: noted, and turned into something to poll.
#ifndef TESTCELL_SRC_SUPERVISOR_INTERRUPT_H_
#define TESTCELL_SRC_SUPERVISOR_INTERRUPT_H_

#include <signal.h>

#include <utility>
#include <vector>

#include "posix/unique_fd.h"

namespace testcell::supervisor {

// While it lives, the first signal is noted and the second acts as it would
// have before. Signals for which the program has a handler of its own, or
// which it ignores, stay the program's. One at a time.
class Interrupt {
 public:
  Interrupt();  // throws std::system_error
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  int signal() const;  // 0: none came
  int fd() const { return event_.get(); }
  void Drain();
  const std::vector<std::pair<int, struct sigaction>>& before() const { return before_; }

 private:
  posix::UniqueFd event_;
  std::vector<std::pair<int, struct sigaction>> before_;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_INTERRUPT_H_
