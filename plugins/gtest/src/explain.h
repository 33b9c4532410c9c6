// --testcell_explain=TEST: which other test it depends on, which breaks it, or
// what it needs of what cells hide. Found by running it in fresh cells, alone
// and after others.
#ifndef TESTCELL_GTEST_SRC_EXPLAIN_H_
#define TESTCELL_GTEST_SRC_EXPLAIN_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "experiment.h"
#include "explain_report.h"
#include "plugin.h"

namespace testcell {
namespace internal {

// In the place of the run. The status to end with: 0 with an explanation, or
// where there is nothing to explain; 1 without; 2 where nothing could be run.
int Explain(const Setup& setup, ::testing::UnitTest* unit_test, Laboratory::RunFunction run);

// Something of the host that a cell hides, and what lets a test have it.
struct HostPart {
  const char* name;
  const char* advice;
  void (*give)(Experiment* experiment);
  bool changes_host;  // what tests write there is the host's at once
};

class Explainer {
 public:
  Explainer(const Setup& setup, ::testing::UnitTest* unit_test, Laboratory::RunFunction run,
            std::vector<DeclaredTest> tests, std::size_t subject);

  int Explain();

 private:
  // What is changed of the experiment: tests that run before, and parts of the
  // host that the cell has.
  struct Condition {
    std::vector<std::size_t> before;
    std::vector<const HostPart*> parts;
  };
  using Holds = std::function<bool(const Observation&)>;

  Experiment Make(const Condition& condition) const;
  std::string Describe(const Condition& condition) const;
  Observation Try(const Condition& condition);
  Observation Try(const Experiment& experiment, const std::string& what);
  // False if the outcomes of several runs differ.
  bool TryTwice(const Condition& condition, Observation* seen);
  bool TryAlone(Observation* seen);
  // Those before it, less those that don't let it come to its turn.
  bool TryAfterAll(Observation* seen);
  bool LeaveOut(int culprit);
  Condition Minimal(const Condition& condition, const Holds& holds);
  bool Confirm(const Condition& condition, const Holds& holds);

  int Conclude(const Observation& alone, const Observation& after_all);
  int SayNeeded(const Observation& alone);
  int SayBroken(const Observation& after_all);
  int SayFlaky(const std::string& when);
  int SayNothingFound();
  int SayNeverPasses(const Observation& alone);
  int SayInterrupted() const;
  std::string Names(const std::vector<std::size_t>& tests) const;
  bool AllOfItsSuite(const std::vector<std::size_t>& tests) const;
  std::string CountRuns() const;

  // explain_host.cc
  std::vector<const HostPart*> HiddenParts(bool changes_host) const;
  int TryHost(const Observation& alone);
  int SayHidden(const Condition& minimal, const Observation& alone);
  void SayServices(const std::vector<Connection>& connections);
  std::vector<Connection> FindConnections(const Condition& minimal);
  std::vector<std::string> NarrowPaths(const Condition& minimal);
  bool PassesWithPaths(const Condition& minimal, const std::vector<std::string>& paths);

  const Setup& setup_;
  std::vector<DeclaredTest> tests_;
  std::size_t subject_;
  Laboratory laboratory_;
  Options options_;  // of the test's suite
  ExplainReport report_;
  std::vector<std::size_t> before_;
  std::vector<std::size_t> left_out_;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_EXPLAIN_H_
