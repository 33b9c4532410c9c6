// How much of a cell a run is to have: all of it; all but what the host refuses;
// or a process of its own alone. Found out by trying, before the first test, and
// not below what the user allows.
#ifndef TESTCELL_SRC_SUPERVISOR_LADDER_H_
#define TESTCELL_SRC_SUPERVISOR_LADDER_H_

#include <string>
#include <vector>

#include "cell/plan.h"
#include "cell/trial.h"
#include "testcell/internal/supervisor.h"

namespace testcell::supervisor {

class Ladder {
 public:
  Ladder(Fallback allowed, const cell::HostFacts& host, cell::Defaults defaults)
      : allowed_(allowed), host_(host), defaults_(std::move(defaults)) {}

  enum class Verdict {
    kPlanned,
    kSkipped,  // the Options ask by name for what the host refuses
    kRefused,  // the run can't go on
  };
  // `*reason` as a sentence, unless planned. Where no fallback is allowed only those
  // are tried that ask for more than default Options: of these the first cell tells.
  Verdict MakePlan(const Options& options, cell::Plan* plan, std::string* reason);

  // Of all plans so far.
  const std::vector<MissingPart>& missing() const { return missing_; }
  Rung rung() const;
  // Tests could meet in what they share now.
  bool may_collide() const;

 private:
  Verdict MakeStrictly(const Options& options, cell::Plan* plan, std::string* reason) const;
  cell::Parts AskedForByFlags(const Options& options) const;
  // The first part of `needed` that is lacking; null: none.
  const MissingPart* Lacking(cell::Parts needed) const;
  void Note(Part part, const cell::Trial& trial);

  const Fallback allowed_;
  const cell::HostFacts& host_;
  cell::Defaults defaults_;  // with what is lacking
  std::vector<MissingPart> missing_;
  std::vector<cell::Parts> missing_parts_;  // each with what goes with it
};

// What is said before the first test, a line each.
std::vector<std::string> Banner(const Ladder& ladder, int jobs, bool jobs_by_default);

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_LADDER_H_
