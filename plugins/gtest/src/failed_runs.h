// The runs of a test before its last one, which failed: shown where the test
// is, and told to those who read GoogleTest's XML.
#ifndef TESTCELL_GTEST_SRC_FAILED_RUNS_H_
#define TESTCELL_GTEST_SRC_FAILED_RUNS_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "findings.h"
#include "testcell/internal/supervisor.h"
#include "unit_replay.h"

namespace testcell {
namespace internal {

// What came of one test in one run of its unit.
struct FailedRun {
  bool failed = false;       // this test, not another that shares its cell
  std::string message;       // how it failed beside its own results; may be empty
  std::vector<Event> shown;  // output and results, in order
  CellEnd end;               // of the cell, at the last test that ran in it
  std::string artifacts;     // as `end`
};

// A run's events, by test: what comes before the first is its, what comes after
// a test is that test's.
std::vector<FailedRun> DivideRun(std::vector<Event> events, std::size_t tests);

// Of one test, in order.
struct FailedRuns {
  int count = 0;                   // of its unit
  bool failed = false;             // the test, in one of them
  std::vector<std::string> texts;  // of the runs in which it failed: what GoogleTest prints
  std::vector<std::string> messages;
  std::vector<std::string> artifacts;  // of its unit
};

// Prints what the test printed and how it failed, as GoogleTest would, and adds it.
void PlayFailedRun(const ::testing::TestInfo& test, FailedRun run, int attempts, FailedRuns* runs);

// For GoogleTest's XML: a test that passed, or failed, after runs that failed.
struct XmlEntry {
  std::string suite;
  std::string name;
  bool flaky = false;  // it passed in the end
  std::vector<std::string> messages;
  std::vector<std::string> texts;
};

// The XML with an element for each such run in its test's, as Maven's surefire
// has them: flakyFailure, or rerunFailure.
std::string AddFailedRuns(const std::string& xml, const std::vector<XmlEntry>& entries);

// In the file that --gtest_output names, if it names one. Empty, or what went wrong.
std::string AddFailedRunsToOutput(const std::vector<XmlEntry>& entries);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_FAILED_RUNS_H_
