// Whether a unit that came to its end has failed, by what its test process
// said and by what its suite makes of leaks: the supervisor runs it again then.
#ifndef TESTCELL_GTEST_SRC_UNIT_JUDGE_H_
#define TESTCELL_GTEST_SRC_UNIT_JUDGE_H_

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "findings.h"
#include "testcell/internal/judge.h"

namespace testcell {
namespace internal {

class UnitJudge : public Judge {
 public:
  // What fails the unit's test for what it left: empty, or why.
  using LeakFailure = std::function<std::string(int unit, const CellEnd& end)>;
  explicit UnitJudge(LeakFailure leak_failure) : leak_failure_(std::move(leak_failure)) {}

  void Begin(int unit) override { heard_[unit] = Heard(); }
  void Hear(int unit, const Message& message) override;
  bool HasFailed(int unit, const Outcome& outcome, const std::vector<Leak>& leaks) override;

 private:
  struct Heard {
    bool failed = false;
    std::vector<Allowance> allowances;
  };

  LeakFailure leak_failure_;
  std::unordered_map<int, Heard> heard_;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_UNIT_JUDGE_H_
