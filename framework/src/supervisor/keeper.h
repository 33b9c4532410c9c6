// The keeper: the process that all workers of a crew are forked from. It
// stays where the supervisor called Fork(), so that a worker that died can be
// replaced by one that stands in the same place of the user's program.
#ifndef TESTCELL_SRC_SUPERVISOR_KEEPER_H_
#define TESTCELL_SRC_SUPERVISOR_KEEPER_H_

#include <functional>
#include <vector>

#include "cell/worker.h"
#include "posix/unique_fd.h"
#include "supervisor/test_setup.h"

namespace testcell::supervisor {

struct KeeperSettings {
  std::vector<cell::WorkerSettings> workers;
  std::vector<Lifeboat*> lifeboats;
  std::vector<int> supervisor_fds;  // closed first
  pid_t supervisor = 0;
  internal::Attach attach = internal::Attach::kNothing;
  // Dispositions that the supervisor had before it installed handlers.
  std::vector<std::pair<int, struct sigaction>> dispositions;
  std::function<void()> on_fork;
};

// Ends a keeper once all that it has forked is gone, cells and all. No terminal, shell
// or service manager sends it.
int EndSignal();

// In the forked process. Returns in test processes only.
TestSetup RunKeeper(KeeperSettings settings);

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_KEEPER_H_
