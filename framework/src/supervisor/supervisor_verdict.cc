// How a unit ends: what is said of it, and whether it runs again.
#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "cell/space.h"
#include "posix/error.h"
#include "supervisor/supervisor_impl.h"

namespace testcell::internal {

std::string DescribeDeath(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    return "was ended by " + posix::SignalText(WTERMSIG(wait_status));
  }
  return fmt::format("exited with status {}", WEXITSTATUS(wait_status));
}

Outcome Supervisor::Impl::Verdict(const Slot& slot) const {
  Outcome outcome;
  if (slot.fate) outcome = *slot.fate;
  outcome.started = slot.started;
  outcome.wall = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - slot.started);
  if (slot.test_end) {
    outcome.wall = std::chrono::duration_cast<std::chrono::microseconds>(
        Clock::time_point(std::chrono::nanoseconds(slot.test_end->ended_ns)) - slot.started);
    outcome.cpu = std::chrono::microseconds(slot.test_end->cpu_us);
    outcome.max_rss_kib = slot.test_end->max_rss_kib;
  }
  outcome.reused = slot.tests > 1;
  const cell::Plan& plan = *plans_[static_cast<std::size_t>(slot.plan)];
  outcome.rung = plan.rung;
  const bool shared = share_working_directory_ && plan.cwd_may_be_shared;
  if (shared) outcome.rung = std::max(outcome.rung, Rung::kPartial);
  if (slot.fate || !slot.test_end) return outcome;
  const int status = slot.test_end->wait_status;
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  if (WIFEXITED(status)) outcome.exit_status = WEXITSTATUS(status);
  if (slot.lost_bytes() > 0) {
    outcome.kind = OutcomeKind::kFailed;
    outcome.reason = fmt::format(
        "the test closed its results pipe, and {} bytes of its results found no other way out",
        slot.lost_bytes());
  } else if (!slot.done()) {
    outcome.kind = OutcomeKind::kCrashed;
    outcome.reason = WIFSIGNALED(status)
                         ? "the test was ended by " + posix::SignalText(WTERMSIG(status))
                         : fmt::format(
                               "the test ended its process by exit() or _exit() with "
                               "status {}",
                               WEXITSTATUS(status));
  } else if (status != 0) {
    outcome.kind = OutcomeKind::kFailed;
    outcome.reason = "after its last message the test process " + DescribeDeath(status);
  }
  if (outcome.kind != OutcomeKind::kPassed && slot.test_end->flags != 0) {
    outcome.reason += "; " + cell::DescribeFull(plan, slot.test_end->flags);
  }
  return outcome;
}

void Supervisor::Impl::EndUnit(Slot* slot) {
  EndUnit(slot->unit, *slot->verdict);
  slot->verdict.reset();
  slot->unit = -1;
}

void Supervisor::Impl::EndUnit(int unit, const Outcome& outcome) {
  rung_ = std::max(rung_, outcome.rung);
  Unit& ended = units_[static_cast<std::size_t>(unit)];
  ended.log->End(outcome);
  schedule_.Ended(units_, unit);
  if (RunsAgain(unit, outcome)) {
    tally_.TakeBack(ended.spec);
    ended.failed_runs.push_back(std::move(ended.log));
    schedule_.Wake(&units_, unit);
    return;
  }
  if (settings_.judge != nullptr) settings_.judge->End(unit);
  const bool failed = outcome.kind != OutcomeKind::kPassed && outcome.kind != OutcomeKind::kSkipped;
  tally_.End(ended.spec, std::max(ended.log->failures(), failed ? 1 : 0));
}

bool Supervisor::Impl::RunsAgain(int number, const Outcome& outcome) const {
  const Unit& unit = units_[static_cast<std::size_t>(number)];
  if (stopped_ || settings_.judge == nullptr) return false;
  if (static_cast<int>(unit.failed_runs.size()) >= unit.spec.retries) return false;
  // Where no cell can be made, the next can't either.
  if (outcome.kind == OutcomeKind::kSetupFailed || outcome.kind == OutcomeKind::kInterrupted) {
    return false;
  }
  return settings_.judge->HasFailed(number, outcome, unit.log->leaks());
}

// Until it is done the unit counts as running, which bounds what waits.
void Supervisor::Impl::Harvest(Slot* slot) {
  supervisor::Harvester::Job job;
  job.unit = slot->unit;
  job.name = units_[static_cast<std::size_t>(slot->unit)].spec.name;
  job.plan = slot->plan;
  job.working_directory_shared = (slot->flags & protocol::kSharedWorkingDirectory) != 0;
  job.base = std::move(slot->base);
  harvester_->Add(std::move(job));
  harvested_[slot->unit] = *slot->verdict;
  slot->verdict.reset();
  slot->unit = -1;
}

// True if a unit ended by it.
bool Supervisor::Impl::TakeHarvests() {
  bool any = false;
  while (harvester_) {
    auto harvest = harvester_->Take();
    if (!harvest) break;
    any = true;
    units_[static_cast<std::size_t>(harvest->unit)].log->SetCarried(std::move(harvest->carried));
    const auto outcome = harvested_.find(harvest->unit);
    EndUnit(harvest->unit, outcome->second);
    harvested_.erase(outcome);
  }
  return any;
}

}  // namespace testcell::internal
