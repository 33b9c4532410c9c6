// One test run in a fresh cell, after others in the same process: what
// --testcell_explain concludes from.
//
//   Laboratory laboratory(setup, DeclaredTests(unit_test), subject, unit_test, run);
//   const Observation alone = laboratory.Run({});
//
// Threads and forks: one thread. Each run forks the process that makes the cell;
// Run() does not return in the test process.
#ifndef TESTCELL_GTEST_SRC_EXPERIMENT_H_
#define TESTCELL_GTEST_SRC_EXPERIMENT_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "plugin.h"
#include "testcell/internal/supervisor.h"

namespace testcell {
namespace internal {

struct DeclaredTest {
  ::testing::TestSuite* suite;
  ::testing::TestInfo* test;

  std::string name() const { return std::string(test->test_suite_name()) + "." + test->name(); }
};

// All tests of the program, in the order of a plain run without shuffling.
std::vector<DeclaredTest> DeclaredTests(::testing::UnitTest* unit_test);

struct Experiment {
  std::vector<std::size_t> before;  // tests that run first, ascending
  Options options;
  bool listeners = false;    // the program's own are in the cell, too
  bool connections = false;  // it is seen whom the processes connect to
};

enum class Verdict {
  kPassed,
  kFailed,  // by an assertion, a crash or a time limit
  kSkipped,
  kNotReached,  // a test before it ended the process, or did not end
  kNoCell,
  kInterrupted,
};

struct Observation {
  Verdict verdict = Verdict::kNoCell;
  std::string word;     // "passed", "crashed", "hung"
  std::string reason;   // why, where GoogleTest does not say it
  bool hung = false;    // the time limit has passed
  int culprit = -1;     // kNotReached: the test that ran last
  std::string said;     // failures of the test, or skips
  std::string printed;  // the end of what it printed
  std::vector<Connection> connections;
};

class Laboratory {
 public:
  using RunFunction = int (*)(::testing::UnitTest*);

  // All of them have to outlive it.
  Laboratory(const Setup& setup, const std::vector<DeclaredTest>& tests, std::size_t subject,
             ::testing::UnitTest* unit_test, RunFunction run)
      : setup_(setup), tests_(tests), subject_(subject), unit_test_(unit_test), run_(run) {}

  // For each test of a run. Zero: none.
  void set_time_limit(std::chrono::milliseconds limit) { time_limit_ = limit; }

  Observation Run(const Experiment& experiment);
  // Alone, in a process of the host: whether it is cells that it can't have.
  Observation RunOutside();

  int runs() const { return runs_; }
  // The signal that asked the program to end, or 0: then nothing is run any more.
  int interrupted() const { return interrupted_; }

 private:
  struct Course;

  RunSettings Settings(const Experiment& experiment);
  // `outside`: not in a cell.
  [[noreturn]] void BecomeExperiment(const Experiment& experiment, bool outside) noexcept;
  void Watch(Supervisor* supervisor, int unit, const Experiment& experiment, Observation* seen);
  void Take(Event* event, Course* course, Observation* seen) const;
  void Judge(const Outcome& outcome, const Course& course, Observation* seen) const;

  const Setup& setup_;
  const std::vector<DeclaredTest>& tests_;
  std::size_t subject_;
  ::testing::UnitTest* unit_test_;
  RunFunction run_;
  std::chrono::milliseconds time_limit_{0};
  std::set<std::string> notices_;
  int runs_ = 0;
  int interrupted_ = 0;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_EXPERIMENT_H_
