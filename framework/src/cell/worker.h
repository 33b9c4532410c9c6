// A worker: a process that makes one cell after another for its slot and
// hands each to a test.
#ifndef TESTCELL_SRC_CELL_WORKER_H_
#define TESTCELL_SRC_CELL_WORKER_H_

#include <memory>
#include <vector>

#include "cell/context.h"

namespace testcell::cell {

struct WorkerSettings {
  SlotFds fds;
  const SignalState* signals = nullptr;
  const std::vector<std::unique_ptr<Plan>>* plans = nullptr;
  UserMode user = UserMode::kNone;
  probe::Switches probes;
  const probe::HostFileSystems* file_systems = nullptr;  // of the host
  uid_t uid = 0;
  gid_t gid = 0;
  internal::Attach attach = internal::Attach::kNothing;
  std::uint32_t epoch = 0;  // how many had this place before
};

// What a test process is told when it comes to life.
struct TestOrder {
  std::uint32_t unit = 0;
  std::uint64_t cookie = 0;
  const Plan* plan = nullptr;
  Space space;
  probe::CellProbes* probes = nullptr;
};

// Returns in test processes only; ends the process with the supervisor.
TestOrder RunWorker(const WorkerSettings& settings);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_WORKER_H_
