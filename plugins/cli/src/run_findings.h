// What the command of `testcell run` left and used: told after it, and written to
// the reports.
#ifndef TESTCELL_CLI_SRC_RUN_FINDINGS_H_
#define TESTCELL_CLI_SRC_RUN_FINDINGS_H_

#include <chrono>
#include <string>

#include "command.h"
#include "testcell/internal/flags.h"
#include "testcell/internal/supervisor.h"

namespace testcell::cli {

class RunFindings {
 public:
  // `flags` have to outlive it.
  explicit RunFindings(const internal::FindingFlags& flags)
      : flags_(flags), started_(std::chrono::steady_clock::now()) {}

  // Empty, or why a report can't be written.
  std::string Check() const;
  internal::ProbeSettings probes() const;

  // Of a command that has ended, with the status that testcell is to exit with;
  // gives the one to exit with after all.
  int Conclude(const Words& command, const internal::Event& end,
               const std::vector<MissingPart>& missing, int status) const;

 private:
  const internal::FindingFlags& flags_;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_RUN_FINDINGS_H_
