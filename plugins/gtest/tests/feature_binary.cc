// A program that uses every feature of GoogleTest that shows in a result, a
// report or a listener. compare_runs.py runs it plain and in cells, and expects
// the same of both: so each test's outcome is its own (some are made to fail),
// none depends on another, and no output holds a time, a pid or an address.
//
// This file: Environments, a listener and main. feature_binary_assertions.cc:
// assertions and messages. feature_binary_fixtures.cc: fixtures, suites and
// properties. feature_binary_more.cc: output, parameters, types, death, exceptions,
// threads, printing and mocks. Needs GoogleTest 1.10 or later.
//
// FEATURE_WITH_TESTCELL: compiled with testcell's header and main's call.
// FEATURE_SANITIZES_THREADS: compiled with ThreadSanitizer.
// FEATURE_ENVIRONMENT=fail|expect|skip in the environment: what an Environment does.
#ifdef FEATURE_WITH_TESTCELL
#include <testcell/gtest.h>
#else
#include <gtest/gtest.h>
#endif

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>

void RegisterDynamicTests();  // in feature_binary_more.cc

namespace {

// ---- Environments and a listener

class PrintingEnvironment : public testing::Environment {
 public:
  explicit PrintingEnvironment(const char* name) : name_(name) {}

  void SetUp() override {
    std::printf("environment %s set up\n", name_);
    testing::Test::RecordProperty(std::string(name_) + "_set_up", "yes");
    const char* mode = std::getenv("FEATURE_ENVIRONMENT");
    if (mode == nullptr || std::strcmp(name_, "second") != 0) return;
    if (std::strcmp(mode, "expect") == 0) ADD_FAILURE() << "the environment has a failure";
    if (std::strcmp(mode, "fail") == 0) FAIL() << "the environment fails";
    if (std::strcmp(mode, "skip") == 0) GTEST_SKIP() << "the environment skips";
  }
  void TearDown() override {
    std::printf("environment %s torn down\n", name_);
    testing::Test::RecordProperty(std::string(name_) + "_torn_down", 1);
  }

 private:
  const char* name_;
};

// Prints each event, with what a listener can ask for at that time.
// Those named testcell.* are of runs in cells alone.
int OwnProperties(const testing::TestResult& result) {
  int count = 0;
  for (int i = 0; i < result.test_property_count(); ++i) {
    if (std::strncmp(result.GetTestProperty(i).key(), "testcell.", 9) != 0) ++count;
  }
  return count;
}

class PrintingListener : public testing::TestEventListener {
 public:
  void OnTestProgramStart(const testing::UnitTest&) override { Print("program start"); }
  void OnTestIterationStart(const testing::UnitTest& unit_test, int iteration) override {
    Print("iteration " + std::to_string(iteration) +
          " start: " + std::to_string(unit_test.test_to_run_count()) + " tests");
  }
  void OnEnvironmentsSetUpStart(const testing::UnitTest&) override { Print("environments"); }
  void OnEnvironmentsSetUpEnd(const testing::UnitTest&) override { Print("environments set up"); }
#ifndef GTEST_REMOVE_LEGACY_TEST_CASEAPI_
  using testing::TestEventListener::OnTestCaseEnd;
  using testing::TestEventListener::OnTestCaseStart;
#endif
  void OnTestSuiteStart(const testing::TestSuite& suite) override {
    Print(std::string("suite ") + suite.name());
  }
  void OnTestStart(const testing::TestInfo& test) override {
    Print(std::string("test ") + test.test_suite_name() + "." + test.name());
    if (std::strcmp(test.name(), "FromTheListener") == 0) {
      testing::Test::RecordProperty("listener", "at the start");
    }
  }
#ifdef GTEST_TEST_F  // 1.12 or later
  void OnTestDisabled(const testing::TestInfo& test) override {
    Print(std::string("disabled ") + test.name());
  }
#endif
  void OnTestPartResult(const testing::TestPartResult& part) override {
    Print("part of type " + std::to_string(part.type()) + " in line " +
          std::to_string(part.line_number()) + ": " + std::string(part.summary()).substr(0, 60));
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    if (std::strcmp(test.name(), "FromTheListener") == 0) {
      testing::Test::RecordProperty("listener", "at the end");
    }
    if (std::strcmp(test.name(), "FailsThisTest") == 0) ADD_FAILURE() << "the listener fails";
    const testing::TestResult& result = *test.result();
    Print(std::string("test end, ") + (result.Passed() ? "passed" : "not passed") +
          (result.Skipped() ? ", skipped, " : ", ") + std::to_string(result.total_part_count()) +
          " parts, " + std::to_string(OwnProperties(result)) + " properties");
  }
  void OnTestSuiteEnd(const testing::TestSuite& suite) override {
    Print("suite end, " + std::to_string(suite.successful_test_count()) + " successful, " +
          std::to_string(suite.failed_test_count()) + " failed, " +
          std::to_string(suite.skipped_test_count()) + " skipped, itself " +
          (suite.ad_hoc_test_result().Failed() ? "failed" : "good"));
  }
  void OnEnvironmentsTearDownStart(const testing::UnitTest&) override { Print("tear-down"); }
  void OnEnvironmentsTearDownEnd(const testing::UnitTest&) override { Print("torn down"); }
  void OnTestIterationEnd(const testing::UnitTest& unit_test, int) override {
    Print("iteration end, " + std::to_string(unit_test.successful_test_count()) + " successful");
  }
  void OnTestProgramEnd(const testing::UnitTest&) override { Print("program end"); }

 private:
  static void Print(const std::string& event) {
    std::printf("listener: %s\n", event.c_str());
    std::fflush(stdout);
  }
};

}  // namespace

int main(int argc, char** argv) {
#ifdef FEATURE_SANITIZES_THREADS
  // ThreadSanitizer adds a thread of its own with the first one, and in every
  // fork: GoogleTest counts it before a death test, and is to do so everywhere.
  std::thread([] {}).join();
#endif
#ifdef FEATURE_WITH_TESTCELL
  testcell::InitGoogleTest(&argc, argv);
#else
  testing::InitGoogleTest(&argc, argv);
#endif
  testing::UnitTest::GetInstance()->listeners().Append(new PrintingListener);
  testing::AddGlobalTestEnvironment(new PrintingEnvironment("first"));
  testing::AddGlobalTestEnvironment(new PrintingEnvironment("second"));
  RegisterDynamicTests();
  return RUN_ALL_TESTS();
}
