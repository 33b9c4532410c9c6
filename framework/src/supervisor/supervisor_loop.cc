// The poll loop: what slots say, and what follows from it.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>

#include "cell/step.h"
#include "posix/error.h"
#include "supervisor/supervisor_impl.h"

namespace testcell::internal {
namespace {

constexpr std::size_t kOwnFds = 3;
constexpr std::size_t kFdsPerSlot = 4;

// What can't be seen in a cell, and why.
std::string DescribeWatch(protocol::Watch watch, int error) {
  const std::string why = posix::ErrnoText(error);
  switch (watch) {
    case protocol::Watch::kPorts:
      return fmt::format(
          "cells can't watch sockets by NETLINK_SOCK_DIAG: {}; which ports tests use is not listed",
          why);
    case protocol::Watch::kMarks:
      return fmt::format(
          "cells can't watch files by fanotify_mark: {}; which paths tests use or write to is not "
          "listed",
          why);
    case protocol::Watch::kFiles:
      break;
  }
  return fmt::format(
      "cells can't watch files by fanotify_init: {}{}; which paths some tests use or write to is "
      "not listed",
      why,
      error == EMFILE ? ": the user has all groups that sysctl user.max_fanotify_groups allows"
                      : "");
}

}  // namespace

void Supervisor::Impl::AddToPoll(Slot* slot) {
  const bool alive = slot->state != Slot::State::kDead;
  // Who is left in a cell that is held shall find its pipes as they were.
  const bool runs = slot->state == Slot::State::kRunning || slot->state == Slot::State::kHeld;
  poll_.push_back({alive ? slot->control_fd() : -1, POLLIN, 0});
  poll_.push_back({runs ? slot->results_fd() : -1, POLLIN, 0});
  for (int stream = 0; stream < 2; ++stream) {
    poll_.push_back({runs ? slot->output_fd(stream) : -1, POLLIN, 0});
  }
}

void Supervisor::Impl::Pump() {
  const bool told = TakeHarvests();
  Dispatch();
  poll_.clear();
  poll_.push_back({interrupt_->fd(), POLLIN, 0});
  poll_.push_back({settings_.watched_fd, POLLIN, 0});
  poll_.push_back({harvester_ ? harvester_->fd() : -1, POLLIN, 0});
  for (auto& slot : slots_) AddToPoll(slot.get());
  AddCollectionsToPoll();
  const int ready = ::poll(poll_.data(), poll_.size(), told ? 0 : PollTimeout());
  if (ready < 0 && errno != EINTR) {
    posix::ThrowErrno(errno, "cannot poll {} descriptors of the cells", poll_.size());
  }
  if (ready > 0) {
    if (poll_[0].revents != 0) OnInterrupt();
    if (poll_[1].revents != 0) settings_.on_readable();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      Serve(slots_[i].get(), &poll_[kOwnFds + i * kFdsPerSlot]);
    }
    ServeCollections(kOwnFds + slots_.size() * kFdsPerSlot);
  }
  CheckDeadlines();
}

// Results before reports: when init says that the test has ended, what the
// test said comes first.
void Supervisor::Impl::Serve(Slot* slot, const pollfd* events) {
  if (events[1].revents & POLLIN) {
    if (slot->ReadResults()) slot->since = Clock::now();
  }
  for (int stream = 0; stream < 2; ++stream) {
    if (events[2 + stream].revents & POLLIN) slot->ReadOutput(stream);
  }
  if (events[0].revents == 0) return;
  bool closed = false;
  for (;;) {
    pid_t sender = -1;
    const auto report = slot->Receive(&sender, &closed);
    if (!report) break;
    OnReport(slot, *report, sender);
  }
  if (closed) OnClosed(slot);
}

void Supervisor::Impl::OnReport(Slot* slot, const protocol::Report& report, pid_t sender) {
  switch (report.kind) {
    case protocol::ReportKind::kHello:
      OnHello(slot, report.flags);
      break;
    case protocol::ReportKind::kReady:
      slot->capture_error = report.error;
      OnReady(slot, sender);
      break;
    case protocol::ReportKind::kFailed:
      OnFailure(slot, report);
      break;
    case protocol::ReportKind::kTestStopped:
      if (slot->state == Slot::State::kRunning && settings_.on_stopped) {
        settings_.on_stopped(slot->unit, WSTOPSIG(report.wait_status));
      }
      break;
    case protocol::ReportKind::kTestEnded:
      OnTestEnded(slot, report);
      break;
    case protocol::ReportKind::kTestHasThreads:
      slot->reusable = false;
      break;
    case protocol::ReportKind::kKept:
      OnKept(slot);
      break;
    case protocol::ReportKind::kCellDone:
      OnCellDone(slot, report);
      break;
    case protocol::ReportKind::kIdle:
      OnIdle(slot, report.wait_status);
      break;
  }
}

// From a worker at its beginning, which may have taken the place of one that
// was killed.
void Supervisor::Impl::OnHello(Slot* slot, std::uint32_t epoch) {
  if (slot->state == Slot::State::kRunning && !stopped_ && !slot->fate && !slot->test_end) {
    slot->Drain();
    if (!slot->unit_heard()) TakeBack(slot);
  }
  slot->epoch = epoch;
  if (slot->state != Slot::State::kStarting) OnIdle(slot, SIGKILL);
  slot->state = Slot::State::kIdle;
}

// A unit whose order was lost with the worker: nothing of the test has run.
void Supervisor::Impl::TakeBack(Slot* slot) {
  constexpr int kTries = 5;
  Unit& unit = units_[static_cast<std::size_t>(slot->unit)];
  if (++unit.times_taken_back >= kTries) return;
  schedule_.Ended(units_, slot->unit);
  tally_.TakeBack(unit.spec);
  unit.log.reset();
  unit.ran = false;
  schedule_.Wake(&units_, slot->unit);
  slot->unit = -1;
  slot->state = Slot::State::kEnding;
}

void Supervisor::Impl::OnReady(Slot* slot, pid_t init) {
  plan_states_[static_cast<std::size_t>(slot->plan)].stood = true;
  slot->failures = 0;
  slot->tests = 0;
  slot->reusable = true;
  slot->SetInit(init);
  slot->state = Slot::State::kReady;
  slot->deadline.reset();
}

void Supervisor::Impl::OnFailure(Slot* slot, const protocol::Report& report) {
  const auto step = static_cast<cell::Step>(report.step);
  const std::string reason = cell::Explain(step, report.error, report.detail);
  if (step == cell::Step::kForkWorker) {
    std::string& told = crews_[static_cast<std::size_t>(slot->crew)].error;
    if (told.empty()) Notice(reason + "; the run goes on with what it has");
    told = reason;
    return;
  }
  if (slot->state == Slot::State::kRunning) {
    // In the test process, on its way from the fork to the test.
    slot->fate = Outcome{};
    slot->fate->kind = OutcomeKind::kSetupFailed;
    slot->fate->reason = reason;
    return;
  }
  if (slot->state == Slot::State::kStarting) {  // its user namespace
    for (std::size_t plan = 0; plan < plans_.size(); ++plan) {
      if (plans_[plan]->user == slot->user) {
        GiveUpPlan(slot->crew, static_cast<int>(plan), reason);
      }
    }
    return;
  }
  if (slot->plan < 0) {  // a worker that was to wait for its first order
    crews_[static_cast<std::size_t>(slot->crew)].error = reason;
    return;
  }
  const cell::Plan& plan = *plans_[static_cast<std::size_t>(slot->plan)];
  if (step == cell::Step::kWorkingDirectoryOverlay && plan.cwd_may_be_shared) {
    if (!share_working_directory_) {
      Notice(fmt::format("{}; tests share the working directory", reason));
    }
    share_working_directory_ = true;
    return;
  }
  if (slot->state == Slot::State::kReady) slot->state = Slot::State::kEnding;  // takes no order
  ++slot->failures;
  // What stood once may fail for want of something that others give back.
  constexpr int kTries = 5;
  const bool may_pass = plan_states_[static_cast<std::size_t>(slot->plan)].stood;
  if (!may_pass || slot->failures >= kTries) GiveUpPlan(slot->crew, slot->plan, reason);
}

void Supervisor::Impl::OnCellDone(Slot* slot, const protocol::Report& report) {
  if (slot->state != Slot::State::kRunning) return;
  slot->deadline.reset();
  if (report.lost_findings > 0) {
    const Unit& unit = units_[static_cast<std::size_t>(slot->unit)];
    unit.log->SetNotListed(report.lost_findings);
    Notice(fmt::format("{} left or used more than can be told: at least {} of it is not listed",
                       unit.spec.name, report.lost_findings));
  }
  if (report.error != 0 && !told_of_watch_) {
    told_of_watch_ = true;
    Notice(DescribeWatch(static_cast<protocol::Watch>(report.step), report.error));
  }
  slot->Drain();
  slot->verdict = Verdict(*slot);
  if (Holds()) return Hold(slot);
  const bool again = Reuses(*slot, report);
  if (again) {
    slot->Discard();
  } else if ((report.flags & protocol::kCellIsClean) != 0) {
    slot->KillCell();
  }
  slot->state = again ? Slot::State::kReady : Slot::State::kEnding;
  if (!Carries(*slot)) EndUnit(slot);
}

// A cell that waits for another test, and shall have one.
bool Supervisor::Impl::Reuses(const Slot& slot, const protocol::Report& report) const {
  if ((report.flags & protocol::kCellIsClean) == 0 || !slot.reusable) return false;
  if (stopped_ || slot.fate) return false;
  const OutcomeKind kind = slot.verdict->kind;
  if (kind != OutcomeKind::kPassed && kind != OutcomeKind::kSkipped) return false;
  return units_[static_cast<std::size_t>(slot.unit)].log->failures() == 0 &&
         schedule_.Wanted(units_, slot.crew, slot.plan);
}

// The cell is gone, with or without having said how its test ended.
void Supervisor::Impl::OnIdle(Slot* slot, int wait_status) {
  if (slot->state == Slot::State::kRunning) {
    slot->Drain();
    if (!slot->fate && !slot->test_end) {
      slot->fate = Outcome{};
      slot->fate->kind = OutcomeKind::kCrashed;
      slot->fate->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
      slot->fate->reason = "the cell's init " + DescribeDeath(wait_status) +
                           ", and the test with it (out of memory, or killed from outside?)";
    }
    slot->verdict = Verdict(*slot);
    if (Holds() && Collects() && HasFailed(*slot)) {
      slot->SetInit(-1);
      if (Collect(slot)) FinishCollection(slot);
    }
  }
  FinishCollection(slot);
  if (slot->verdict) Carries(*slot) ? Harvest(slot) : EndUnit(slot);
  slot->base.Reset();
  slot->packets.Reset();
  kept_.erase(std::remove_if(kept_.begin(), kept_.end(),
                             [slot](const Keeping& kept) { return kept.slot == slot; }),
              kept_.end());
  slot->Discard();
  slot->SetInit(-1);
  slot->deadline.reset();
  slot->state = Slot::State::kIdle;
}

void Supervisor::Impl::OnClosed(Slot* slot) {
  if (slot->unit >= 0) OnIdle(slot, SIGKILL);
  slot->state = Slot::State::kDead;
  GiveUpCrewIfDead(slot->crew);
}

void Supervisor::Impl::OnInterrupt() {
  interrupt_->Drain();
  Outcome outcome;
  outcome.kind = OutcomeKind::kInterrupted;
  outcome.signal = interrupted();
  outcome.reason = "the run was interrupted by " + posix::SignalName(interrupted());
  for (auto& slot : slots_) {
    if (slot->state == Slot::State::kRunning && !slot->fate) slot->fate = outcome;
  }
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    if (units_[unit].log == nullptr && !units_[unit].replayed) {
      GiveUp(static_cast<int>(unit), outcome);
    }
  }
  Stop();
}

}  // namespace testcell::internal
