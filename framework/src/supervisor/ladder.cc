#include "supervisor/ladder.h"

#include <fmt/format.h>

#include <algorithm>

#include "cell/part.h"
#include "cell/step.h"

namespace testcell::supervisor {
namespace {

constexpr cell::Parts kKeepsTestsApart =
    cell::Set(Part::kMounts) | cell::Set(Part::kNetwork) | cell::Set(Part::kIpc);

// What cells with default Options don't have: the first of them, which stands before
// the first test, says nothing of these.
constexpr cell::Parts kExtra = cell::Set(Part::kUsers) | cell::Set(Part::kCgroups) |
                               cell::Set(Part::kReadOnly) | cell::Set(Part::kCopyOnWrite);

}  // namespace

cell::Parts Ladder::AskedForByFlags(const Options& options) const {
  cell::Parts parts = 0;
  if (!options.cwd && defaults_.cwd == WorkingDirectory::kPrivate) {
    parts |= cell::Set(Part::kWorkingDirectory);
  }
  if (!options.tmp && defaults_.tmp == Tmp::kCopyOnWrite) parts |= cell::Set(Part::kCopyOnWrite);
  if (!options.user && defaults_.user == User::kRoot && host_.uid != 0) {
    parts |= cell::Set(Part::kUsers);
  }
  return parts;
}

const MissingPart* Ladder::Lacking(cell::Parts needed) const {
  for (std::size_t i = 0; i < missing_.size(); ++i) {
    if ((missing_parts_[i] & needed) != 0) return &missing_[i];
  }
  return nullptr;
}

void Ladder::Note(Part part, const cell::Trial& trial) {
  const std::string reason = cell::Explain(trial.step, trial.error, trial.detail);
  missing_.push_back({cell::Name(part), cell::Title(part), reason, cell::Lost(part)});
  const bool all = part == Part::kUsers || part == Part::kProcesses;
  missing_parts_.push_back(all ? cell::kAllParts : cell::WithDependents(part));
  defaults_.lacks |= missing_parts_.back();
}

Ladder::Verdict Ladder::MakeStrictly(const Options& options, cell::Plan* plan,
                                     std::string* reason) const {
  if (!cell::MakePlan(options, defaults_, host_, plan, reason)) return Verdict::kRefused;
  if ((cell::NeededBy(options, host_.uid == 0) & kExtra) == 0) return Verdict::kPlanned;
  const cell::Trial trial = cell::TryCell(*plan);
  if (trial.stands) return Verdict::kPlanned;
  *reason = cell::Explain(trial.step, trial.error, trial.detail);
  return Verdict::kRefused;
}

Ladder::Verdict Ladder::MakePlan(const Options& options, cell::Plan* plan, std::string* reason) {
  if (allowed_ == Fallback::kNone) return MakeStrictly(options, plan, reason);
  const cell::Parts needed = cell::NeededBy(options, host_.uid == 0);
  for (;;) {
    if (const MissingPart* part = Lacking(AskedForByFlags(options))) {
      *reason = part->reason + "; a flag asks for it";
      return Verdict::kRefused;
    }
    if (!cell::MakePlan(options, defaults_, host_, plan, reason)) return Verdict::kRefused;
    if (const MissingPart* part = Lacking(needed)) {
      *reason = fmt::format("it needs what this host refuses: {}", part->reason);
      return Verdict::kSkipped;
    }
    const cell::Trial trial = cell::TryCell(*plan);
    if (trial.stands) return Verdict::kPlanned;
    const std::optional<Part> part = cell::PartOf(trial.step);
    *reason = cell::Explain(trial.step, trial.error, trial.detail);
    if (!part || (defaults_.lacks & cell::Set(*part)) != 0) return Verdict::kRefused;
    if ((needed & cell::Set(*part)) != 0 && *part == Part::kUsers) {
      *reason = "it needs what this host refuses: " + *reason;  // others may not
      return Verdict::kSkipped;
    }
    const bool last = *part == Part::kUsers || *part == Part::kProcesses;
    if (last && allowed_ != Fallback::kFork) {
      *reason +=
          "; no part of a cell can be had without that, and --testcell_fallback=fork is what "
          "goes on without cells";
      return Verdict::kRefused;
    }
    Note(*part, trial);
  }
}

Rung Ladder::rung() const {
  if ((defaults_.lacks & cell::Set(Part::kProcesses)) != 0) return Rung::kFork;
  return missing_.empty() ? Rung::kFull : Rung::kPartial;
}

bool Ladder::may_collide() const { return (defaults_.lacks & kKeepsTestsApart) != 0; }

std::vector<std::string> Banner(const Ladder& ladder, int jobs, bool jobs_by_default) {
  std::vector<std::string> lines;
  if (ladder.missing().empty()) return lines;
  const bool fork = ladder.rung() == Rung::kFork;
  lines.push_back(fmt::format("***** WARNING: {} (rung {}) *****",
                              fork ? "NO CELLS: each test is but a process of its own"
                                   : "NO FULL CELLS: tests run without what this host refuses",
                              Name(ladder.rung())));
  for (const MissingPart& part : ladder.missing()) {
    lines.push_back(fmt::format("*  without {}: {}", part.title, part.reason));
    if (!fork) lines.push_back(fmt::format("*    lost: {}", part.lost));
  }
  if (fork) {
    lines.push_back(
        "*    lost: private ports, files, process ids, IPC and host names: tests share the "
        "host's; a process that detaches itself outlives a run that is killed");
  }
  if (ladder.may_collide()) {
    lines.push_back(
        jobs_by_default
            ? "*  one test at a time, since they could collide; --testcell_jobs=N for more"
            : fmt::format("*  up to {} at once, as asked for: they may collide", jobs));
  }
  return lines;
}

}  // namespace testcell::supervisor
