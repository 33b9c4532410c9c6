// How far a run has come: tests that are done, and what is left by what they took
// in earlier runs.
#ifndef TESTCELL_SRC_SUPERVISOR_TALLY_H_
#define TESTCELL_SRC_SUPERVISOR_TALLY_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "testcell/internal/status_line.h"
#include "testcell/internal/supervisor.h"

namespace testcell::supervisor {

class Tally {
 public:
  using Milliseconds = std::chrono::milliseconds;

  void Add(const internal::UnitSpec& spec);
  void Start(const internal::UnitSpec& spec);
  // Its start came to nothing.
  void TakeBack(const internal::UnitSpec& spec);
  // `failures`: of its tests.
  void End(const internal::UnitSpec& spec, int failures);
  // Tests that were taken for done with a unit before it are due after all.
  void Wake(const internal::UnitSpec& spec);

  struct Running {
    const internal::UnitSpec* spec;
    Milliseconds since;
  };
  internal::Progress Now(int jobs, const std::vector<Running>& running) const;

 private:
  std::optional<Milliseconds> Left(int jobs, const std::vector<Running>& running) const;
  void Expect(const internal::UnitSpec& spec, int sign);

  int total_ = 0;
  int done_ = 0;
  int failed_ = 0;
  Milliseconds known_{0};  // of all units with a history
  int known_units_ = 0;
  Milliseconds waiting_{0};  // of those that have not started
  int waiting_unknown_ = 0;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_TALLY_H_
