// How units and the slots they need are added to a run, and the keeper forked that makes
// the cells.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "posix/error.h"
#include "supervisor/keeper.h"
#include "supervisor/supervisor_impl.h"

namespace testcell::internal {
namespace {

// Cells beyond those that run: while one is taken down or made, another runs.
int SpareSlots(int jobs) { return std::min(jobs, 4); }

// How many slots the limit of open files leaves room for.
int RoomForSlots(bool holds) {
  constexpr int kFdsOfSlot = 10;  // both ends of its socket and pipes, and a pidfd
  constexpr int kFdsOfHeld = 5;   // its files, capture, output and who collects them
  constexpr int kOwnFds = 8;      // of this process, at the same time
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::numeric_limits<int>::max();
  int open = 0;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator("/proc/self/fd", error)) {
    static_cast<void>(file);
    ++open;
  }
  constexpr rlim_t kEnough = 1 << 20;
  const int limited = static_cast<int>(std::min(limit.rlim_cur, kEnough));
  return (limited - open - kOwnFds) / (kFdsOfSlot + (holds ? kFdsOfHeld : 0));
}

}  // namespace

void Supervisor::Impl::AddUnits(std::vector<UnitSpec> specs, int crew) {
  for (UnitSpec& spec : specs) {
    Unit unit;
    unit.spec = std::move(spec);
    unit.crew = crew;
    unit.started = unit.spec.dormant;
    tally_.Add(unit.spec);
    units_.push_back(std::move(unit));
  }
}

// Long ones first, since the last to end decides when the run does; who nobody knows
// may be long.
std::vector<int> Supervisor::Impl::StartOrder(int first) const {
  std::vector<int> order(units_.size() - static_cast<std::size_t>(first));
  std::iota(order.begin(), order.end(), first);
  if (settings_.jobs == 1) return order;
  const auto expected = [this](int unit) {
    return units_[static_cast<std::size_t>(unit)].spec.expected.count();
  };
  std::stable_sort(order.begin(), order.end(), [&](int one, int other) {
    if (expected(other) == 0) return false;
    return expected(one) == 0 || expected(one) > expected(other);
  });
  return order;
}

// Those whose plan can't be had, and is not to be had with less.
void Supervisor::Impl::SkipUnits(int first) {
  Outcome outcome;
  outcome.kind = OutcomeKind::kSkipped;
  outcome.rung = ladder_.rung();
  for (std::size_t i = static_cast<std::size_t>(first); i < units_.size(); ++i) {
    const std::string& skipped =
        plan_states_[static_cast<std::size_t>(units_[i].spec.plan)].skipped;
    if (skipped.empty()) continue;
    outcome.reason = skipped;
    GiveUp(static_cast<int>(i), outcome);
  }
}

// Once, however often a run is repeated.
void Supervisor::Impl::SayWhatIsMissing() {
  static std::vector<std::string> said;
  std::vector<std::string> lines =
      supervisor::Banner(ladder_, settings_.jobs, settings_.jobs_by_default);
  if (lines == said) return;
  for (const std::string& line : lines) Notice(line);
  said = std::move(lines);
}

// As many slots for each way to enter a user namespace as can be of use.
void Supervisor::Impl::MakeSlots(int crew, int first) {
  std::map<cell::UserMode, int> units;
  for (std::size_t i = static_cast<std::size_t>(first); i < units_.size(); ++i) {
    if (units_[i].log != nullptr) continue;  // skipped
    ++units[plans_[static_cast<std::size_t>(units_[i].spec.plan)]->user];
  }
  int room = RoomForSlots(Holds());
  for (const auto& [user, count] : units) {
    const int kept = settings_.keep ? kMostKept : 0;
    const int wanted = std::min(count, settings_.jobs + SpareSlots(settings_.jobs) + kept);
    // The first is made in any case, and says what is missing.
    const int slots = std::max(std::min(wanted, room), 1);
    if (slots < wanted && slots < settings_.jobs) {
      Notice(fmt::format(
          "only {} cell{} at once, not {}: the limit of open files (ulimit -n) is too low", slots,
          slots == 1 ? "" : "s", settings_.jobs));
    }
    room -= slots;
    for (int i = 0; i < slots; ++i) {
      slots_.push_back(std::make_unique<Slot>(crew, user, settings_.one_output));
      crews_[static_cast<std::size_t>(crew)].slots.push_back(slots_.back().get());
    }
  }
}

std::vector<int> Supervisor::Impl::SupervisorFds() const {
  std::vector<int> fds{interrupt_->fd()};
  if (harvester_) fds.push_back(harvester_->fd());
  for (const auto& slot : slots_) {
    for (const int fd :
         {slot->control_fd(), slot->results_fd(), slot->output_fd(0), slot->output_fd(1)}) {
      if (fd >= 0) fds.push_back(fd);
    }
  }
  return fds;
}

Role Supervisor::Impl::ForkKeeper(int crew, std::string* error) {
  supervisor::KeeperSettings keeper;
  const ProbeSettings& probes = settings_.probes;
  // In what all the host shares nobody can say whose a use is.
  const bool cells = ladder_.rung() != Rung::kFork;
  const probe::Switches switches{probes.leaks, probes.strict, probes.uses && cells,
                                 probes.all_uses && cells, probes.connections};
  const probe::HostFileSystems* const watched = cells ? &host_.file_systems : &no_file_systems_;
  for (const Slot* slot : crews_[static_cast<std::size_t>(crew)].slots) {
    keeper.workers.push_back({slot->remote(), &signals_, &plans_, slot->user, switches, watched,
                              host_.uid, host_.gid, settings_.attach});
    keeper.lifeboats.push_back(slot->lifeboat());
  }
  keeper.supervisor_fds = SupervisorFds();
  keeper.supervisor = ::getpid();
  keeper.attach = settings_.attach;
  keeper.dispositions = interrupt_->before();
  keeper.on_fork = settings_.on_fork;
  ::sigprocmask(SIG_SETMASK, nullptr, &signals_.mask);
  ::sigaction(SIGCHLD, nullptr, &signals_.child);

  const pid_t pid = ::fork();
  if (pid < 0) {
    *error =
        fmt::format("cannot fork the process that makes the cells: {}", posix::ErrnoText(errno));
    return Role::kError;
  }
  if (pid == 0) {
    TestProcess::Make(supervisor::RunKeeper(std::move(keeper)));
    return Role::kTest;
  }
  crews_[static_cast<std::size_t>(crew)].keeper = pid;
  for (Slot* slot : crews_[static_cast<std::size_t>(crew)].slots) slot->CloseRemote();
  return Role::kSupervisor;
}

Role Supervisor::Impl::Fork(std::vector<UnitSpec> specs, int* first, std::string* error) {
  if (Collects()) {
    std::error_code failed;
    std::filesystem::create_directories(settings_.artifacts, failed);
    if (failed) {
      *error = fmt::format("cannot make {}, for what failed tests leave: {}", settings_.artifacts,
                           posix::ErrnoText(failed.value()));
      return Role::kError;
    }
  }
  if (interrupt_ == nullptr) interrupt_ = std::make_unique<supervisor::Interrupt>();
  const int crew = static_cast<int>(crews_.size());
  *first = static_cast<int>(units_.size());
  if (specs.empty()) return Role::kSupervisor;
  const auto runs = [this](const UnitSpec& spec) {
    return plan_states_[static_cast<std::size_t>(spec.plan)].skipped.empty();
  };
  const bool any_runs = std::any_of(specs.begin(), specs.end(), [&](const UnitSpec& spec) {
    return !spec.dormant && runs(spec);
  });
  const bool any_waits = std::any_of(specs.begin(), specs.end(), runs);
  SayWhatIsMissing();
  const bool carries = std::any_of(plans_.begin(), plans_.end(),
                                   [](const auto& plan) { return !plan->carry.empty(); });
  if (carries && !harvester_) harvester_ = std::make_unique<supervisor::Harvester>(plans_);
  crews_.emplace_back();
  AddUnits(std::move(specs), crew);
  schedule_.Add(crew, StartOrder(*first));
  SkipUnits(*first);
  if (!any_waits) return Role::kSupervisor;
  MakeSlots(crew, *first);
  const Role role = ForkKeeper(crew, error);
  if (role != Role::kSupervisor || !any_runs) return role;
  return AwaitFirstCell(crew, error) ? Role::kSupervisor : Role::kError;
}

// A host that can't give a cell is told of before the first test.
bool Supervisor::Impl::AwaitFirstCell(int crew, std::string* error) {
  const auto& slots = crews_[static_cast<std::size_t>(crew)].slots;
  for (;;) {
    bool all_dead = true;
    for (const Slot* slot : slots) {
      if (slot->state == Slot::State::kReady || slot->state == Slot::State::kRunning ||
          slot->state == Slot::State::kEnding) {
        return true;
      }
      all_dead = all_dead && slot->state == Slot::State::kDead;
    }
    for (const PlanState& plan : plan_states_) {
      if (plan.stood) return true;
      if (!plan.error.empty()) *error = plan.error;
    }
    if (all_dead || !error->empty()) {
      if (error->empty()) *error = crews_[static_cast<std::size_t>(crew)].WhyDead();
      return false;
    }
    if (interrupted() != 0) return true;
    Pump();
  }
}

}  // namespace testcell::internal
