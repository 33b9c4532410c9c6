#include "experiment_listener.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include "gtest_flags.h"
#include "private_access.h"
#include "proxy.h"
#include "streamer.h"

namespace testcell {
namespace internal {
namespace {

void SendNews(MessageType type, const Writer& writer) {
  if (TestProcess::Current() == nullptr) return;
  std::fflush(stdout);
  std::fflush(stderr);
  TestProcess::Current()->Send(type, writer.bytes(), true);
}

// The listener decides what is run, and a failure of another test ends nothing.
void SetExperimentFlags() {
  TESTCELL_GTEST_SET(filter, "*");
  TESTCELL_GTEST_SET(also_run_disabled_tests, true);
  TESTCELL_GTEST_SET(repeat, 1);
  TESTCELL_GTEST_SET(shuffle, false);
  TESTCELL_GTEST_SET(break_on_failure, false);
  TESTCELL_GTEST_SET(throw_on_failure, false);
#ifdef GTEST_FLAG_GET  // 1.12; 1.11 has it, but can't be told from 1.10
  GTEST_FLAG_SET(fail_fast, false);
#endif
  for (const char* name : {"GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX", "GTEST_SHARD_STATUS_FILE",
                           "TEST_PREMATURE_EXIT_FILE"}) {
    ::unsetenv(name);
  }
}

// GoogleTest's printers and the reports are not for an experiment.
void UseExperimentListeners(ExperimentListener* listener, const Setup& setup, bool users_too) {
  ::testing::TestEventListeners& listeners = ::testing::UnitTest::GetInstance()->listeners();
  // Static, so that what it holds in the end is no leak to a sanitizer.
  static auto* const fresh = new ::testing::TestEventListeners;
  fresh->Append(listener);
  if (users_too || setup.flags.listeners != Listeners::kParent) {
    delete listeners.Release(listeners.default_result_printer());
    delete listeners.Release(listeners.default_xml_generator());
    fresh->Append(NewForwarder(Repeater(listeners)));
  }
  std::swap(Repeater(listeners), Repeater(*fresh));
  for (::testing::TestEventListener* own : setup.cell_listeners) listeners.Append(own);
}

}  // namespace

ExperimentListener::ExperimentListener(const std::vector<DeclaredTest>& tests,
                                       const Experiment& experiment, std::size_t subject)
    : tests_(tests), order_(experiment.before), alone_(experiment.before.empty()) {
  order_.push_back(subject);
}

// Whatever the flags have selected.
void ExperimentListener::OnTestIterationStart(const ::testing::UnitTest& /*unit_test*/,
                                              int /*iteration*/) {
  for (const DeclaredTest& declared : tests_) {
    SetShouldRun(*declared.suite, false);
    SetShouldRun(*declared.test, false);
  }
  for (const std::size_t index : order_) {
    SetShouldRun(*tests_[index].suite, true);
    SetShouldRun(*tests_[index].test, true);
  }
}

void ExperimentListener::OnTestSuiteStart(const ::testing::TestSuite& suite) {
  if (&suite != tests_[order_.back()].suite) return;
  SendNews(MessageType::kPhase, Writer().Number(static_cast<std::uint64_t>(Phase::kSuiteSetUp)));
}

void ExperimentListener::OnTestStart(const ::testing::TestInfo& test) {
  while (at_ + 1 < order_.size() && tests_[order_[at_]].test != &test) ++at_;
  in_other_test_ = at_ + 1 < order_.size();
  SendNews(MessageType::kTestStart, Writer().Number(order_[at_]));
}

// Those of the tests before are not asked for.
void ExperimentListener::OnTestPartResult(const ::testing::TestPartResult& part) {
  if (in_other_test_) return;
  if (part.type() == ::testing::TestPartResult::kSuccess) return;
  const char* const file = part.file_name();
  std::string text = file == nullptr ? "" : file;
  if (!text.empty() && part.line_number() >= 0) text += ":" + std::to_string(part.line_number());
  text += (text.empty() ? "" : ": ") + std::string(part.skipped() ? "Skipped" : "Failure") + "\n";
  text += std::string(part.message() == nullptr ? "" : part.message()).substr(0, kMostSaid);
  SendNews(MessageType::kPart, Writer().Number(part.skipped() ? 1 : 0).Text(text));
}

void ExperimentListener::OnTestEnd(const ::testing::TestInfo& test) {
  const ::testing::TestResult& result = *test.result();
  TestProcess* const process = TestProcess::Current();
  if (process != nullptr && !process->IsOriginal()) process->LeaveFork(result.Failed());
  in_other_test_ = false;
  verdict_ = result.Passed() ? 1 : result.Skipped() ? 2 : 0;
  SendNews(MessageType::kTestEnd,
           Writer().Number(result.Failed() ? 1 : 0).Number(result.Skipped() ? 1 : 0));
}

void ExperimentListener::Finish() {
  TestProcess* const process = TestProcess::Current();
  if (!process->IsOriginal()) process->LeaveFork(!::testing::UnitTest::GetInstance()->Passed());
  SendNews(MessageType::kDone, Writer());
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  // What a sanitizer finds in memory could be another test's.
  ::_exit(alone_ ? RunExitTools() : 0);
}

void ExperimentListener::FinishOutside() const {
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  ::_exit(kOutsideStatus + verdict_);
}

ExperimentListener* PrepareExperiment(const std::vector<DeclaredTest>& tests,
                                      const Experiment& experiment, std::size_t subject,
                                      const Setup& setup) {
  SetExperimentFlags();
  auto* const listener = new ExperimentListener(tests, experiment, subject);
  UseExperimentListeners(listener, setup, experiment.listeners);
  return listener;
}

}  // namespace internal
}  // namespace testcell
