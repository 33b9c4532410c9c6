// State of a process that tests change and forget to restore.
#ifndef TESTCELL_SRC_PROBE_PROCESS_STATE_H_
#define TESTCELL_SRC_PROBE_PROCESS_STATE_H_

#include <signal.h>
#include <sys/types.h>

#include <array>
#include <map>
#include <string>

#include "probe/sink.h"

namespace testcell::probe {

class ProcessState {
 public:
  // As it is now.
  ProcessState();
  // What is different by now.
  void ReportChanges(Sink* sink) const;

 private:
  static constexpr int kSignals = 65;  // 1 to 64

  void ReportSignals(const ProcessState& now, Sink* sink) const;
  void ReportEnvironment(const ProcessState& now, Sink* sink) const;

  std::string directory_;
  mode_t umask_ = 0;
  sigset_t mask_;
  std::array<void (*)(int), kSignals> handlers_{};
  std::map<std::string, std::string> environment_;
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_PROCESS_STATE_H_
