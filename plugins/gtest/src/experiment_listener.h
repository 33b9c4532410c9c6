// The test process of an experiment: GoogleTest's loop runs the tests that it
// names, and the supervisor hears how far it comes.
//
//   ExperimentListener* const listener = PrepareExperiment(tests, experiment, subject, setup);
//   RUN_ALL_TESTS();
//   listener->Finish();
//
// Threads and forks: in the test process, which does not come back from Finish();
// parts may be reported by any thread.
#ifndef TESTCELL_GTEST_SRC_EXPERIMENT_LISTENER_H_
#define TESTCELL_GTEST_SRC_EXPERIMENT_LISTENER_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <vector>

#include "experiment.h"

namespace testcell {
namespace internal {

constexpr std::size_t kMostSaid = 4096;  // bytes kept of what a test says or prints

// A status that a test does not exit with by itself, and more by its verdict.
constexpr int kOutsideStatus = 0x60;

class ExperimentListener : public ::testing::EmptyTestEventListener {
 public:
  ExperimentListener(const std::vector<DeclaredTest>& tests, const Experiment& experiment,
                     std::size_t subject);

  void OnTestIterationStart(const ::testing::UnitTest& unit_test, int iteration) override;
  void OnTestSuiteStart(const ::testing::TestSuite& suite) override;
  void OnTestStart(const ::testing::TestInfo& test) override;
  void OnTestPartResult(const ::testing::TestPartResult& part) override;
  void OnTestEnd(const ::testing::TestInfo& test) override;

  [[noreturn]] void Finish();
  // Nobody hears what was said: the status tells how the test came out.
  [[noreturn]] void FinishOutside() const;

 private:
  const std::vector<DeclaredTest>& tests_;
  std::vector<std::size_t> order_;
  bool alone_;
  std::size_t at_ = 0;
  int verdict_ = 0;  // of the last test: 1 if it has passed, 2 if it was skipped
  // GoogleTest knows it, but holds a lock while it tells of results.
  std::atomic<bool> in_other_test_{false};
};

// Sets GoogleTest's flags and listeners for it. All have to outlive the process's tests.
ExperimentListener* PrepareExperiment(const std::vector<DeclaredTest>& tests,
                                      const Experiment& experiment, std::size_t subject,
                                      const Setup& setup);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_EXPERIMENT_LISTENER_H_
