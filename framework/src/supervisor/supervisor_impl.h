// The supervisor's one poll loop, and what it keeps.
#ifndef TESTCELL_SRC_SUPERVISOR_SUPERVISOR_IMPL_H_
#define TESTCELL_SRC_SUPERVISOR_SUPERVISOR_IMPL_H_

#include <poll.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "cell/plan.h"
#include "supervisor/artifacts.h"
#include "supervisor/harvester.h"
#include "supervisor/interrupt.h"
#include "supervisor/ladder.h"
#include "supervisor/schedule.h"
#include "supervisor/slot.h"
#include "supervisor/spool.h"
#include "supervisor/tally.h"
#include "testcell/internal/supervisor.h"

namespace testcell::internal {

// How a process ended, as a predicate: "was ended by SIGKILL", "exited with status 3".
std::string DescribeDeath(int wait_status);

class Supervisor::Impl {
 public:
  explicit Impl(RunSettings settings);
  ~Impl();

  int AddPlan(const Options& options, std::string* error);
  Role Fork(std::vector<UnitSpec> specs, int* first, std::string* error);
  Event Next(int unit);
  std::vector<std::vector<Event>> TakeFailedRuns(int unit);
  void Wake(int unit);
  bool Signal(int unit, int signal, Receiver receiver);
  int ProcessOf(int unit) const;
  bool EverRan(int unit) const { return units_[static_cast<std::size_t>(unit)].ran; }
  std::vector<std::string> Settle();
  void Stop();
  std::vector<KeptCell> Kept();
  int not_kept() const { return not_kept_; }
  void AwaitRelease(int terminal);
  int interrupted() const { return interrupt_ ? interrupt_->signal() : 0; }
  Rung rung() const { return rung_; }
  const std::vector<MissingPart>& missing() const { return ladder_.missing(); }
  int jobs() const { return settings_.jobs; }

 private:
  using Slot = supervisor::Slot;
  using Unit = supervisor::Unit;
  using Clock = supervisor::Clock;

  static constexpr int kMostKept = 8;  // cells

  struct Crew {
    pid_t keeper = -1;
    std::vector<Slot*> slots;
    std::string error;  // why one of the processes that make cells can't be had
    std::string WhyDead() const {
      return error.empty() ? "the processes that make cells have died" : error;
    }
  };

  // Fork
  void AddUnits(std::vector<UnitSpec> specs, int crew);
  void SkipUnits(int first);
  void SayWhatIsMissing();
  std::vector<int> StartOrder(int first) const;
  void MakeSlots(int crew, int first);
  std::vector<int> SupervisorFds() const;
  Role ForkKeeper(int crew, std::string* error);
  bool AwaitFirstCell(int crew, std::string* error);
  bool HasOrphans() const;

  // The loop: supervisor_loop.cc
  void Pump();
  int PollTimeout() const;
  void AddToPoll(Slot* slot);
  void Serve(Slot* slot, const pollfd* events);
  void OnReport(Slot* slot, const protocol::Report& report, pid_t sender);
  void OnHello(Slot* slot, std::uint32_t epoch);
  void TakeBack(Slot* slot);
  void OnReady(Slot* slot, pid_t init);
  void OnFailure(Slot* slot, const protocol::Report& report);
  void OnCellDone(Slot* slot, const protocol::Report& report);
  void OnIdle(Slot* slot, int wait_status);
  void OnClosed(Slot* slot);
  void OnInterrupt();

  // A cell whose test is over, while it is looked at: supervisor_hold.cc
  bool Holds() const { return settings_.judge != nullptr && (Collects() || settings_.keep); }
  bool Collects() const { return !settings_.artifacts.empty(); }
  bool Carries(const Slot& slot) const;
  bool HasFailed(const Slot& slot) const;
  bool Reuses(const Slot& slot, const protocol::Report& report) const;
  void Hold(Slot* slot);
  void LetGo(Slot* slot);
  void KeepOrLetGo(Slot* slot);
  bool MayKeep(const Slot& slot) const;
  bool HasRoom(const Slot& kept) const;
  void OnKept(Slot* slot);
  bool Collect(Slot* slot);
  void AddCollectionsToPoll();
  void ServeCollections(std::size_t first_event);
  void OnCollected(Slot* slot);
  void FinishCollection(Slot* slot);

  // What to do next: supervisor_dispatch.cc
  void Dispatch();
  void DispatchCrew(Crew* crew, int number);
  bool DiscardUnwanted(Crew* crew, int number);
  bool MayReuse(int plan) const;
  void OrderCell(Slot* slot, int plan);
  void OrderRun(Slot* slot, int unit);
  void CheckDeadlines();
  void OnTestEnded(Slot* slot, const protocol::Report& report);
  void OnDeadline(Slot* slot);
  void GiveUp(int unit, const Outcome& outcome);
  void GiveUpPlan(int crew, int plan, const std::string& reason);
  void GiveUpCrewIfDead(int crew);

  // Told when there is nothing to carry, or once it was.
  void EndUnit(Slot* slot);
  void EndUnit(int unit, const Outcome& outcome);
  bool RunsAgain(int unit, const Outcome& outcome) const;
  void Harvest(Slot* slot);
  bool TakeHarvests();
  Outcome Verdict(const Slot& slot) const;
  void Notice(const std::string& text) const;
  void ShowStatus();
  void HideStatus() const;

  RunSettings settings_;
  cell::HostFacts host_;
  supervisor::Ladder ladder_;
  const probe::HostFileSystems no_file_systems_;
  std::vector<std::unique_ptr<cell::Plan>> plans_;
  struct PlanState {
    bool stood = false;   // a cell of this plan was made
    std::string error;    // why none can be
    std::string skipped;  // why its units are not to run
  };
  std::vector<PlanState> plan_states_;
  std::vector<std::pair<Options, int>> known_options_;

  std::unique_ptr<supervisor::Interrupt> interrupt_;
  cell::SignalState signals_{};
  std::shared_ptr<supervisor::Spool> spool_ = supervisor::Spool::Make();
  supervisor::Schedule schedule_;
  supervisor::Tally tally_;
  std::optional<Clock::time_point> next_status_;  // while somebody waits for an event
  std::vector<Unit> units_;
  std::vector<Crew> crews_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::unique_ptr<supervisor::Harvester> harvester_;  // null: no plan carries
  std::map<Slot*, std::unique_ptr<supervisor::Collector>> collections_;
  struct Keeping {
    const Slot* slot;
    KeptCell cell;
    bool stands;  // init has said so
  };
  std::vector<Keeping> kept_;
  int not_kept_ = 0;
  std::map<int, Outcome> harvested_;  // units whose files are on their way
  std::vector<pollfd> poll_;
  std::mt19937_64 random_;
  bool share_working_directory_ = false;
  bool told_of_working_directory_ = false;
  bool told_of_watch_ = false;
  bool stopped_ = false;
  Rung rung_ = Rung::kFull;
};

}  // namespace testcell::internal

#endif  // TESTCELL_SRC_SUPERVISOR_SUPERVISOR_IMPL_H_
