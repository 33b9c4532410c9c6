// The schedule: units in the order in which they are to start, a queue for every crew (the
// slots whose workers were forked from one place of the user's program).
#ifndef TESTCELL_SRC_SUPERVISOR_SCHEDULE_H_
#define TESTCELL_SRC_SUPERVISOR_SCHEDULE_H_

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/slot.h"
#include "supervisor/unit_log.h"
#include "testcell/internal/supervisor.h"

namespace testcell::supervisor {

struct Unit {
  internal::UnitSpec spec;
  int crew = 0;
  bool started = false;   // ordered to run, given up, or dormant
  bool ran = false;       // ordered to run
  bool replayed = false;  // its last event was given
  int times_taken_back = 0;
  std::unique_ptr<UnitLog> log;                       // of its last run
  std::vector<std::unique_ptr<UnitLog>> failed_runs;  // before that one
};

// Decides which unit may start and which cell to make next. Knows no
// processes: what it decides is carried out by the supervisor.
class Schedule {
 public:
  explicit Schedule(int jobs) : jobs_(jobs) {}

  void SetJobs(int jobs) { jobs_ = jobs; }

  void Add(int crew, int first_unit, int units);
  void Add(int crew, std::vector<int> units);

  // The first unit of the crew that may start now in a cell of this plan; -1.
  int Startable(const std::vector<Unit>& units, int crew, int plan) const;
  // Whether any unit with this plan still waits in the crew.
  bool Wanted(const std::vector<Unit>& units, int crew, int plan) const;
  // The plan that the crew's next cell should have, when so many cells are in
  // the making or ready for units whose plan satisfies `fits`; -1: none.
  template <typename Fits>
  int NextPlan(const std::vector<Unit>& units, int crew, int cells, const Fits& fits) const {
    const Queue& queue = queues_[static_cast<std::size_t>(crew)];
    for (std::size_t place = queue.next; place < queue.units.size(); ++place) {
      const Unit& candidate = units[static_cast<std::size_t>(queue.units[place])];
      if (candidate.started || !fits(candidate.spec.plan)) continue;
      if (cells-- == 0) return candidate.spec.plan;
    }
    return -1;
  }

  void Started(std::vector<Unit>* units, int unit);
  void Wake(std::vector<Unit>* units, int unit);
  void Ended(const std::vector<Unit>& units, int unit);
  int running() const { return running_; }

 private:
  struct Queue {
    std::vector<int> units;
    std::size_t next = 0;  // the first that has not started
  };

  bool Allowed(const internal::UnitSpec& spec) const;

  int jobs_;
  int running_ = 0;
  bool serial_running_ = false;
  std::map<std::string, int> in_use_;  // exclusive resources
  std::vector<Queue> queues_;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_SCHEDULE_H_
