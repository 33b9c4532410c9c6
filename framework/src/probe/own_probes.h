// What a test process looks for in itself, and how it tells init who is in
// charge.
#ifndef TESTCELL_SRC_PROBE_OWN_PROBES_H_
#define TESTCELL_SRC_PROBE_OWN_PROBES_H_

#include <memory>

#include "probe/cell_probes.h"
#include "probe/process_state.h"
#include "probe/sink.h"

namespace testcell::probe {

class OwnProbes {
 public:
  // Before anything of the test's has run.
  explicit OwnProbes(CellProbes* probes);

  // What is used from here on is used by somebody else. Blocks until init has
  // looked at what was used so far.
  void SetUser(UsedBy by);
  // After the last tear-down. Allocates nothing, but for changed state.
  void Report(Sink* sink);

 private:
  void ReportAll(Sink* sink);
  void CloseLastSocket();

  CellProbes* probes_;
  int processor_;                        // at the beginning
  std::unique_ptr<ProcessState> state_;  // null: not asked for
  UsedBy by_ = UsedBy::kTest;
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_OWN_PROBES_H_
