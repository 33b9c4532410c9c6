// What to start next, and what has taken too long.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "posix/error.h"
#include "supervisor/snapshot.h"
#include "supervisor/supervisor_impl.h"

namespace testcell::internal {
namespace {

// For the making of a cell, which takes about a millisecond: an end to a wait
// on a host that hangs.
constexpr std::chrono::seconds kMakeLimit{60};
constexpr std::chrono::seconds kExamineLimit{60};  // of what a test has left

// Its test is at work: time passes for it.
bool IsUnderWay(const supervisor::Slot& slot) {
  return slot.state == supervisor::Slot::State::kRunning && !slot.fate && !slot.test_end;
}

std::string Spoken(std::chrono::milliseconds time) {
  if (time.count() % 60000 == 0) return fmt::format("{} min", time.count() / 60000);
  if (time.count() % 1000 == 0) return fmt::format("{} s", time.count() / 1000);
  return fmt::format("{} ms", time.count());
}

}  // namespace

void Supervisor::Impl::Dispatch() {
  if (stopped_) return;
  for (std::size_t crew = 0; crew < crews_.size(); ++crew) {
    DispatchCrew(&crews_[crew], static_cast<int>(crew));
  }
}

void Supervisor::Impl::DispatchCrew(Crew* crew, int number) {
  bool ready_left = false;
  std::map<cell::UserMode, int> cells;  // made or in the making
  for (Slot* slot : crew->slots) {
    if (slot->state == Slot::State::kReady) {
      const int unit = schedule_.Startable(units_, number, slot->plan);
      if (unit >= 0) {
        OrderRun(slot, unit);
        continue;
      }
      ready_left = true;
    }
    if (slot->state == Slot::State::kReady || slot->state == Slot::State::kMaking) {
      ++cells[slot->user];
    }
  }
  for (Slot* slot : crew->slots) {
    if (slot->state != Slot::State::kIdle) continue;
    const int plan = schedule_.NextPlan(units_, number, cells[slot->user], [&](int candidate) {
      return plans_[static_cast<std::size_t>(candidate)]->user == slot->user;
    });
    if (plan < 0) continue;
    OrderCell(slot, plan);
    ++cells[slot->user];
  }
  if (ready_left && schedule_.running() == 0) DiscardUnwanted(crew, number);
}

// Cells that wait while nothing can start are of the wrong kind: the units
// that wait need other plans, and all slots hold a cell.
bool Supervisor::Impl::DiscardUnwanted(Crew* crew, int number) {
  for (const Slot* slot : crew->slots) {
    if (slot->state == Slot::State::kMaking || slot->state == Slot::State::kEnding ||
        slot->state == Slot::State::kStarting) {
      return false;
    }
  }
  bool discarded = false;
  for (Slot* slot : crew->slots) {
    if (slot->state != Slot::State::kReady) continue;
    const int plan = schedule_.NextPlan(units_, number, 0, [&](int candidate) {
      return plans_[static_cast<std::size_t>(candidate)]->user == slot->user;
    });
    if (plan < 0 || plan == slot->plan) continue;
    slot->KillCell();
    slot->state = Slot::State::kEnding;
    discarded = true;
  }
  return discarded;
}

// Only what was looked at is known to be clean. Calls that are watched stay watched, and
// a cell that is held ends by its test.
bool Supervisor::Impl::MayReuse(int plan) const {
  const ProbeSettings& probes = settings_.probes;
  return plans_[static_cast<std::size_t>(plan)]->reuse && probes.leaks &&
         !(probes.uses && probes.all_uses) && !probes.connections && !Holds() &&
         settings_.attach == Attach::kNothing;
}

void Supervisor::Impl::OrderCell(Slot* slot, int plan) {
  protocol::Order order{};
  order.epoch = slot->epoch;
  order.kind = protocol::OrderKind::kMake;
  order.plan = static_cast<std::uint32_t>(plan);
  if (share_working_directory_ && plans_[static_cast<std::size_t>(plan)]->cwd_may_be_shared) {
    order.flags |= protocol::kSharedWorkingDirectory;
  }
  if (MayReuse(plan)) order.flags |= protocol::kReuseCell;
  if (Holds()) order.flags |= protocol::kHoldCell;
  if (Holds() && Collects()) order.flags |= protocol::kCaptureLoopback;
  slot->plan = plan;
  slot->flags = order.flags;
  slot->state = Slot::State::kMaking;
  slot->since = Clock::now();
  slot->deadline = slot->since + kMakeLimit;
  slot->Send(order);  // a slot that can't be reached says so by its end of file
}

void Supervisor::Impl::OrderRun(Slot* slot, int number) {
  Unit& unit = units_[static_cast<std::size_t>(number)];
  protocol::Order order{};
  order.epoch = slot->epoch;
  order.kind = protocol::OrderKind::kRun;
  order.unit = static_cast<std::uint32_t>(number);
  order.cookie = random_();
  unit.log = std::make_unique<supervisor::UnitLog>(spool_, slot->streams());
  if (settings_.judge != nullptr) {
    settings_.judge->Begin(number);
    unit.log->SetListener(
        [this, number](const Message& message) { settings_.judge->Hear(number, message); });
  }
  schedule_.Started(&units_, number);
  tally_.Start(unit.spec);
  unit.ran = true;
  auto copy = Holds() && Collects() ? std::make_unique<supervisor::OutputCopy>(settings_.artifacts)
                                    : nullptr;
  slot->BeginRun(order.cookie, unit.log.get(), std::move(copy));
  slot->unit = number;
  ++slot->tests;
  slot->state = Slot::State::kRunning;
  slot->since = slot->started = Clock::now();
  slot->Send(order);
}

int Supervisor::Impl::PollTimeout() const {
  std::optional<Clock::time_point> next;
  const auto consider = [&](Clock::time_point time) { next = next ? std::min(*next, time) : time; };
  for (const auto& slot : slots_) {
    if (slot->deadline) consider(*slot->deadline);
    if (!IsUnderWay(*slot)) continue;
    const auto limit = units_[static_cast<std::size_t>(slot->unit)].spec.time_limit;
    if (limit.count() > 0) consider(slot->since + limit);
    if (settings_.slow.count() > 0 && !slot->slow_told) consider(slot->since + settings_.slow);
  }
  if (next_status_) consider(*next_status_);
  if (!next) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 3600'000));
}

void Supervisor::Impl::CheckDeadlines() {
  const Clock::time_point now = Clock::now();
  for (auto& slot : slots_) {
    if (slot->deadline && now >= *slot->deadline) OnDeadline(slot.get());
    if (!IsUnderWay(*slot)) continue;
    const UnitSpec& spec = units_[static_cast<std::size_t>(slot->unit)].spec;
    if (spec.time_limit.count() > 0 && now >= slot->since + spec.time_limit) {
      OnDeadline(slot.get());
    } else if (settings_.slow.count() > 0 && !slot->slow_told &&
               now >= slot->since + settings_.slow) {
      slot->slow_told = true;
      Notice(
          fmt::format("{} is slow: it has been running for {}", spec.name, Spoken(settings_.slow)));
    }
  }
}

// What comes after its end takes none of a test's time.
void Supervisor::Impl::OnTestEnded(Slot* slot, const protocol::Report& report) {
  slot->test_end = report;
  slot->deadline = Clock::now() + kExamineLimit;
}

void Supervisor::Impl::OnDeadline(Slot* slot) {
  slot->deadline.reset();
  if (slot->state != Slot::State::kRunning) {  // the cell was never made
    GiveUpPlan(slot->crew, slot->plan, "a cell could not be made within " + Spoken(kMakeLimit));
    return;
  }
  const UnitSpec& spec = units_[static_cast<std::size_t>(slot->unit)].spec;
  if (slot->test_end) {
    units_[static_cast<std::size_t>(slot->unit)].log->SetNotListed(1);
    Notice(
        fmt::format("what {} left and used is not all listed: to look for it took longer than {}",
                    spec.name, Spoken(kExamineLimit)));
    slot->KillCell();
    return;
  }
  slot->fate = Outcome{};
  slot->fate->kind = OutcomeKind::kTimedOut;
  slot->fate->reason =
      fmt::format("the time limit of {} has passed; alive in the cell were:\n{}",
                  Spoken(spec.time_limit), supervisor::DescribeProcesses(slot->init));
  if (!Holds()) {
    slot->KillCell();
    return;
  }
  slot->Drain();
  slot->verdict = Verdict(*slot);
  Hold(slot);
}

void Supervisor::Impl::GiveUp(int number, const Outcome& outcome) {
  Unit& unit = units_[static_cast<std::size_t>(number)];
  if (!unit.started) {
    tally_.Start(unit.spec);
    tally_.End(unit.spec, 1);
  }
  schedule_.Started(&units_, number);
  schedule_.Ended(units_, number);
  if (!unit.failed_runs.empty()) {  // it waited to be run again: what came of it, stays
    unit.log = std::move(unit.failed_runs.back());
    unit.failed_runs.pop_back();
    return;
  }
  unit.log = std::make_unique<supervisor::UnitLog>(spool_, 1);
  unit.log->End(outcome);
}

void Supervisor::Impl::GiveUpPlan(int crew, int plan, const std::string& reason) {
  plan_states_[static_cast<std::size_t>(plan)].error = reason;
  Outcome outcome;
  outcome.kind = OutcomeKind::kSetupFailed;
  outcome.reason = reason;
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    if (units_[unit].crew == crew && !units_[unit].started && units_[unit].spec.plan == plan) {
      GiveUp(static_cast<int>(unit), outcome);
    }
  }
}

void Supervisor::Impl::GiveUpCrewIfDead(int crew) {
  const Crew& dead = crews_[static_cast<std::size_t>(crew)];
  if (std::any_of(dead.slots.begin(), dead.slots.end(),
                  [](const Slot* slot) { return slot->state != Slot::State::kDead; })) {
    return;
  }
  Outcome outcome;
  outcome.kind = OutcomeKind::kSetupFailed;
  outcome.reason = dead.WhyDead();
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    if (units_[unit].crew == crew && !units_[unit].started) GiveUp(static_cast<int>(unit), outcome);
  }
}

}  // namespace testcell::internal
