#include "testcell/internal/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <utility>

#include "posix/error.h"
#include "supervisor/keeper.h"
#include "supervisor/supervisor_impl.h"
#include "testcell/internal/status_line.h"

namespace testcell {
namespace internal {

namespace {

// A program that was started without them would print into our sockets and
// pipes, which would get their numbers.
RunSettings WithStandardStreams(RunSettings settings) {
  for (int fd = 0; fd <= STDERR_FILENO;) {
    fd = ::open("/dev/null", O_RDWR);
    if (fd < 0) break;
    if (fd > STDERR_FILENO) ::close(fd);
  }
  return settings;
}

}  // namespace

Supervisor::Supervisor(RunSettings settings)
    : impl_(new Impl(WithStandardStreams(std::move(settings)))) {}
Supervisor::~Supervisor() = default;
int Supervisor::AddPlan(const Options& options, std::string* error) {
  return impl_->AddPlan(options, error);
}
Role Supervisor::Fork(std::vector<UnitSpec> units, int* first, std::string* error) {
  try {
    return impl_->Fork(std::move(units), first, error);
  } catch (const std::exception& failure) {
    *error = failure.what();
    return Role::kError;
  }
}
Event Supervisor::Next(int unit) { return impl_->Next(unit); }
std::vector<std::vector<Event>> Supervisor::TakeFailedRuns(int unit) {
  return impl_->TakeFailedRuns(unit);
}
void Supervisor::Wake(int unit) { impl_->Wake(unit); }
bool Supervisor::Signal(int unit, int signal, Receiver receiver) {
  return impl_->Signal(unit, signal, receiver);
}
int Supervisor::ProcessOf(int unit) const { return impl_->ProcessOf(unit); }
bool Supervisor::EverRan(int unit) const { return impl_->EverRan(unit); }
void Supervisor::Stop() { impl_->Stop(); }
std::vector<std::string> Supervisor::Settle() { return impl_->Settle(); }
std::vector<KeptCell> Supervisor::Kept() { return impl_->Kept(); }
int Supervisor::not_kept() const { return impl_->not_kept(); }
void Supervisor::AwaitRelease(int terminal) { impl_->AwaitRelease(terminal); }
int Supervisor::interrupted() const { return impl_->interrupted(); }
Rung Supervisor::rung() const { return impl_->rung(); }
const std::vector<MissingPart>& Supervisor::missing() const { return impl_->missing(); }
int Supervisor::jobs() const { return impl_->jobs(); }

Supervisor::Impl::Impl(RunSettings settings)
    : settings_(std::move(settings)),
      host_(cell::ReadHostFacts(settings_.visible)),
      ladder_(settings_.fallback, host_,
              cell::Defaults{settings_.tmp, settings_.cwd, settings_.net, settings_.user,
                             settings_.reuse, settings_.carry, 0, settings_.must_isolate}),
      schedule_(settings_.jobs),
      random_(std::random_device{}()) {}

Supervisor::Impl::~Impl() {
  Stop();
  collections_.clear();
  while (HasOrphans()) Pump();
  for (Crew& crew : crews_) {
    if (crew.keeper <= 0) continue;
    ::kill(crew.keeper, supervisor::EndSignal());
    // ECHILD: the program reaps, or ignores, its children by itself.
    posix::RetryOnInterrupt([&] { return ::waitpid(crew.keeper, nullptr, 0); });
  }
  // The keeper ends with its workers and their cells; where it was killed, an end of
  // file on its socket says that a slot's last process is gone. An init whose worker
  // died before it asked to die with it is told by the end of its orders.
  for (auto& slot : slots_) {
    slot->CloseRemote();  // ours to close still, if no keeper was forked
    ::shutdown(slot->control_fd(), SHUT_WR);
    pollfd gone{slot->control_fd(), 0, 0};
    posix::RetryOnInterrupt([&] { return ::poll(&gone, 1, -1); });
  }
}

// Where no namespace ends the processes of a test with its init, its worker does, which
// has to live until then.
bool Supervisor::Impl::HasOrphans() const {
  return std::any_of(slots_.begin(), slots_.end(), [this](const auto& slot) {
    const bool runs = slot->state == Slot::State::kRunning || slot->state == Slot::State::kEnding;
    return runs && !plans_[static_cast<std::size_t>(slot->plan)]->own_processes;
  });
}

int Supervisor::Impl::AddPlan(const Options& options, std::string* error) {
  using Verdict = supervisor::Ladder::Verdict;
  auto plan = std::make_unique<cell::Plan>();
  const Verdict verdict = ladder_.MakePlan(options, plan.get(), error);
  if (verdict == Verdict::kRefused) return -1;
  if (!plan->cwd_shared.empty() && !std::exchange(told_of_working_directory_, true)) {
    Notice(plan->cwd_shared + "; tests share it");
  }
  plans_.push_back(std::move(plan));
  plan_states_.emplace_back();
  if (verdict == Verdict::kSkipped) plan_states_.back().skipped = *error;
  if (ladder_.may_collide() && settings_.jobs_by_default) {
    settings_.jobs = 1;
    schedule_.SetJobs(1);
  }
  return static_cast<int>(plans_.size()) - 1;
}

Event Supervisor::Impl::Next(int number) {
  Unit& unit = units_[static_cast<std::size_t>(number)];
  for (;;) {
    if (unit.replayed) return Event();
    // Of one that may be run again nothing is known before its end.
    if (unit.log != nullptr && (unit.spec.retries == 0 || unit.log->ended())) {
      if (auto event = unit.log->Next()) {
        unit.replayed = event->kind == Event::Kind::kEnd;
        if (unit.replayed) unit.log.reset();
        next_status_.reset();
        HideStatus();
        return std::move(*event);
      }
    }
    ShowStatus();
    Pump();
  }
}

std::vector<std::vector<Event>> Supervisor::Impl::TakeFailedRuns(int number) {
  Unit& unit = units_[static_cast<std::size_t>(number)];
  while (!unit.replayed && (unit.log == nullptr || !unit.log->ended())) Pump();
  std::vector<std::vector<Event>> runs;
  for (auto& log : unit.failed_runs) {
    runs.emplace_back();
    while (auto event = log->Next()) {
      const bool end = event->kind == Event::Kind::kEnd;
      runs.back().push_back(std::move(*event));
      if (end) break;
    }
  }
  unit.failed_runs.clear();
  return runs;
}

bool Supervisor::Impl::Signal(int number, int signal, Receiver receiver) {
  protocol::Order order{};
  order.kind = protocol::OrderKind::kSignal;
  order.signal = static_cast<std::uint32_t>(signal);
  order.receiver = static_cast<std::uint32_t>(receiver);
  for (auto& slot : slots_) {
    if (slot->state == Slot::State::kRunning && slot->unit == number) return slot->Send(order);
  }
  return false;
}

// The first child that init made; it has others only by way of what was orphaned.
int Supervisor::Impl::ProcessOf(int number) const {
  for (const auto& slot : slots_) {
    if (slot->state != Slot::State::kRunning || slot->unit != number) continue;
    std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", slot->init));
    int process = 0;
    children >> process;
    return process;
  }
  return 0;
}

std::vector<std::string> Supervisor::Impl::Settle() {
  while (!harvested_.empty()) Pump();  // cut short by an interruption
  return harvester_ ? harvester_->Settle() : std::vector<std::string>();
}

void Supervisor::Impl::Stop() {
  if (stopped_) return;
  stopped_ = true;
  for (auto& slot : slots_) slot->KillCell();
}

void Supervisor::Impl::Wake(int unit) {
  tally_.Wake(units_[static_cast<std::size_t>(unit)].spec);
  schedule_.Wake(&units_, unit);
}

void Supervisor::Impl::Notice(const std::string& text) const {
  HideStatus();
  if (settings_.notice) settings_.notice(text);
}

// Often enough to be of use, and seldom enough to cost nothing; while what happens
// is printed as fast, that will do.
void Supervisor::Impl::ShowStatus() {
  constexpr std::chrono::milliseconds kEvery{100};
  if (settings_.status == nullptr) return;
  const Clock::time_point now = Clock::now();
  if (next_status_ && now < *next_status_) return;
  const bool begins = !next_status_;
  next_status_ = now + kEvery;
  if (begins) return;
  std::vector<supervisor::Tally::Running> running;
  for (const auto& slot : slots_) {
    if (slot->state != Slot::State::kRunning) continue;
    running.push_back({&units_[static_cast<std::size_t>(slot->unit)].spec,
                       std::chrono::duration_cast<std::chrono::milliseconds>(now - slot->since)});
  }
  settings_.status->Show(tally_.Now(settings_.jobs, running));
}

void Supervisor::Impl::HideStatus() const {
  if (settings_.status != nullptr) settings_.status->Hide();
}

}  // namespace internal
}  // namespace testcell
