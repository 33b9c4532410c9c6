// What a worker and its cells share: the descriptors of their slot, the order
// in hand, and the way to report. All of it is made before the first clone.
#ifndef TESTCELL_SRC_CELL_CONTEXT_H_
#define TESTCELL_SRC_CELL_CONTEXT_H_

#include <signal.h>
#include <sys/types.h>

#include <cstdint>

#include "cell/plan.h"
#include "cell/space.h"
#include "cell/step.h"
#include "posix/fd_passing.h"
#include "probe/cell_probes.h"
#include "protocol/control.h"
#include "testcell/internal/supervisor.h"

namespace testcell::cell {

// One slot's ends on the forked side. The numbers are high, so that a test
// finds the low ones as free as in a plain run.
struct SlotFds {
  int control = -1;
  int results = -1;
  int output[2] = {-1, -1};  // stdout and stderr; the same pipe where ours are one
  int null = -1;             // /dev/null, for stdin
  int alive = -1;            // a socket that ends with the worker and its cell
  int keepers = -1;          // its other end
};

// Signal state of the supervisor before any of ours was changed.
struct SignalState {
  sigset_t mask;
  struct sigaction child;  // SIGCHLD's
};

struct Context {
  const SlotFds* fds = nullptr;
  const SignalState* signals = nullptr;
  const Plan* plan = nullptr;
  internal::Attach attach = internal::Attach::kNothing;
  int worker = -1;  // a pidfd of the worker
  bool share_working_directory = false;
  bool hold = false;                    // the cell stays after its end
  bool capture = false;                 // of its loopback traffic
  bool reuse = false;                   // it may serve others, if it is left clean
  int dumpable = 1;                     // of the worker (PR_GET_DUMPABLE)
  probe::CellProbes* probes = nullptr;  // null: nothing is looked for
  Space space;                          // in init, and so in the test process
  protocol::Order run{};                // the order to run, once it came
  pid_t test = -1;                      // in init
  int test_status = 0;                  // in init: how it ended, as waitpid(2) gives it
  bool in_test = false;                 // true in the test process alone
};

// Async-signal-safe: one datagram to the supervisor, with descriptors for it. Ends
// this process where it can't be sent.
inline constexpr int kMostReportFds = posix::kMostPassedFds;
void SendReport(const Context& context, const protocol::Report& report, const int* fds = nullptr,
                int fd_count = 0);
void SendFailure(const Context& context, Step step, int error, const char* detail);
// The same, and the end of this process.
[[noreturn]] void Fail(const Context& context, Step step, int error, const char* detail = "");

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_CONTEXT_H_
