// Whoever knows what a unit's messages mean: says whether a unit that has come
// to its end failed, and so is run again, or has its cell looked at.
//
//   class Failures : public Judge { ... };
//   settings.judge = &failures;
//   spec.retries = 2;
//
// Between the plugin and the framework of one version only: nothing here is
// for users. Threads and forks: called by the supervisor, on its thread.
#ifndef TESTCELL_INTERNAL_JUDGE_H_
#define TESTCELL_INTERNAL_JUDGE_H_

#include <string>
#include <vector>

#include "testcell/finding.h"
#include "testcell/internal/message.h"
#include "testcell/outcome.h"

namespace testcell {
namespace internal {

class Judge {
 public:
  virtual ~Judge() = default;
  // The unit was ordered to run; a second time: again, and what was heard of
  // it counts no more.
  virtual void Begin(int unit) = 0;
  // Each message but findings, as soon as it comes, in the order of sending.
  virtual void Hear(int unit, const Message& message) = 0;
  // Once the unit's test process has ended, with all that it left. More than once.
  virtual bool HasFailed(int unit, const Outcome& outcome, const std::vector<Leak>& leaks) = 0;
  struct Failure {
    std::string test;  // the first that failed, by its full name
    std::string text;  // how, for people: whole lines, or empty
  };
  // Of a unit that has failed.
  virtual Failure Describe(int unit) = 0;
  // Nobody asks any more, unless it begins again.
  virtual void End(int unit) = 0;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_JUDGE_H_
