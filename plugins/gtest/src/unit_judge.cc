#include "unit_judge.h"

#include "unit_replay.h"

namespace testcell {
namespace internal {

void UnitJudge::Hear(int unit, const Message& message) {
  Heard& heard = heard_[unit];
  heard.failed = heard.failed || !FailureText(message).empty();
  if (message.type == MessageType::kAllow) heard.allowances.push_back(ReadAllowance(message));
}

bool UnitJudge::HasFailed(int unit, const Outcome& outcome, const std::vector<Leak>& leaks) {
  const Heard heard = std::move(heard_[unit]);
  heard_.erase(unit);
  if (heard.failed || outcome.kind != OutcomeKind::kPassed) return true;
  if (leaks.empty()) return false;
  CellEnd end;
  end.outcome = outcome;
  end.allowances = heard.allowances;
  end.leaks = leaks;
  return !leak_failure_(unit, end).empty();
}

}  // namespace internal
}  // namespace testcell
