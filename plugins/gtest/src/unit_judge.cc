#include "unit_judge.h"

#include "unit_replay.h"

namespace testcell {
namespace internal {
namespace {

// Of failures that a test may have by the thousand.
constexpr std::size_t kLongestText = 256u << 10;

}  // namespace

void UnitJudge::Hear(int unit, const Message& message) {
  Heard& heard = heard_[unit];
  if (message.type == MessageType::kAllow) heard.allowances.push_back(ReadAllowance(message));
  if (message.type == MessageType::kTestStart) {
    heard.current = static_cast<std::size_t>(Reader(message.payload).Number());
    if (!heard.failed) heard.first_failed = heard.current;
  }
  const std::string failure = FailureText(message);
  if (failure.empty()) return;
  heard.failed = true;
  if (heard.text.size() < kLongestText) heard.text += failure;
}

bool UnitJudge::HasFailed(int unit, const Outcome& outcome, const std::vector<Leak>& leaks) {
  Heard& heard = heard_[unit];
  if (!leaks.empty()) {
    CellEnd end;
    end.outcome = outcome;
    end.allowances = heard.allowances;
    end.leaks = leaks;
    heard.leaks = leak_failure_(unit, end);
  }
  return heard.failed || outcome.kind != OutcomeKind::kPassed || !heard.leaks.empty();
}

Judge::Failure UnitJudge::Describe(int unit) {
  const Heard& heard = heard_[unit];
  Failure failure;
  failure.test = test_name_(unit, heard.first_failed);
  failure.text = heard.text;
  if (!heard.leaks.empty()) failure.text += heard.leaks + "\n";
  return failure;
}

}  // namespace internal
}  // namespace testcell
