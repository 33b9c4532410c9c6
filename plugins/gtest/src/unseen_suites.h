// Suites of our own that GoogleTest runs for what it does by the way.
//
// Threads and forks: for the thread that runs the tests, in any process.
#ifndef TESTCELL_GTEST_SRC_UNSEEN_SUITES_H_
#define TESTCELL_GTEST_SRC_UNSEEN_SUITES_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "private_access.h"

namespace testcell::internal {
namespace {

// Without an event for any listener.
inline void RunUnseen(TestSuite& suite) {
  TestEventListeners& listeners = UnitTest::GetInstance()->listeners();
  TestEventListeners nobody;
  SetShouldRun(suite, true);
  std::swap(Repeater(listeners), Repeater(nobody));
  (suite.*Private(TestSuite_Run{}))();
  std::swap(Repeater(listeners), Repeater(nobody));
}

// Leaves the current suite before its end: what is recorded and asserted from
// here on belongs to the program. For a listener of the suite's events.
inline void LeaveSuite() {
  TestSuite empty("", nullptr, nullptr, nullptr);
  RunUnseen(empty);
}

// The list as it is when the suite runs: from 1.14 on TestSuite::Run() first
// sorts it by file and line, and keeps the indices. So a suite of the same tests
// is run, with none of them selected; the reports show whether this one was.
inline std::vector<TestInfo*> SortedTests(TestSuite& suite) {
  const std::vector<TestInfo*>& tests = TestList(suite);
  std::vector<bool> selected;
  for (TestInfo* test : tests) {
    selected.push_back(test->should_run());
    SetShouldRun(*test, false);
  }
  TestSuite same("", nullptr, nullptr, nullptr);
  TestList(same) = tests;
  TestIndices(same) = TestIndices(suite);
  RunUnseen(same);
  for (std::size_t i = 0; i < tests.size(); ++i) SetShouldRun(*tests[i], selected[i]);
  return std::exchange(TestList(same), {});  // it would delete them
}

}  // namespace
}  // namespace testcell::internal

#endif  // TESTCELL_GTEST_SRC_UNSEEN_SUITES_H_
