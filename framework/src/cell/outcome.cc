#include "testcell/outcome.h"

namespace testcell {

const char* Name(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::kPassed:
      return "passed";
    case OutcomeKind::kFailed:
      return "failed";
    case OutcomeKind::kSkipped:
      return "skipped";
    case OutcomeKind::kCrashed:
      return "crashed";
    case OutcomeKind::kTimedOut:
      return "timed_out";
    case OutcomeKind::kSetupFailed:
      return "setup_failed";
    case OutcomeKind::kInterrupted:
      return "interrupted";
  }
  return "unknown";
}

const char* Name(Rung rung) {
  switch (rung) {
    case Rung::kFull:
      return "full";
    case Rung::kPartial:
      return "partial";
    case Rung::kFork:
      return "fork";
  }
  return "unknown";
}

}  // namespace testcell
