// Whether a unit that came to its end has failed, and how, by what its test
// process said and by what its suite makes of leaks.
#ifndef TESTCELL_GTEST_SRC_UNIT_JUDGE_H_
#define TESTCELL_GTEST_SRC_UNIT_JUDGE_H_

#include <cstddef>
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
  // The full name of a unit's test.
  using TestName = std::function<std::string(int unit, std::size_t index)>;
  UnitJudge(LeakFailure leak_failure, TestName test_name)
      : leak_failure_(std::move(leak_failure)), test_name_(std::move(test_name)) {}

  void Begin(int unit) override { heard_[unit] = Heard(); }
  void Hear(int unit, const Message& message) override;
  bool HasFailed(int unit, const Outcome& outcome, const std::vector<Leak>& leaks) override;
  Failure Describe(int unit) override;
  void End(int unit) override { heard_.erase(unit); }

 private:
  struct Heard {
    bool failed = false;
    std::size_t current = 0;       // test
    std::size_t first_failed = 0;  // or, where none has, the last that ran
    std::string text;
    std::string leaks;  // what fails it for them
    std::vector<Allowance> allowances;
  };

  LeakFailure leak_failure_;
  TestName test_name_;
  std::unordered_map<int, Heard> heard_;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_UNIT_JUDGE_H_
