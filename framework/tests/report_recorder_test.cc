// What a run is made of: allowances, repeats, what is run-wide.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "report_builder.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<std::string> Whats(const std::vector<Leak>& leaks) {
  std::vector<std::string> whats;
  for (const Leak& leak : leaks) whats.push_back(leak.what);
  return whats;
}

// "reason: count", in order.
std::vector<std::string> Counts(const Run& run) {
  std::vector<std::string> counts;
  for (const AllowanceCount& entry : run.allowances) {
    counts.push_back(entry.allowance.reason + ": " + std::to_string(entry.matched));
  }
  return counts;
}

TEST(Allowances, HoldForTheProgramASuiteOrACell) {
  Recorder recorder;
  recorder.Allow({LeakKind::kFile, "/tmp/all", "all"}, "");
  recorder.Allow({LeakKind::kFile, "/tmp/suite", "suite"}, "A");
  const std::vector<Allowance> own = {{LeakKind::kFile, "/tmp/own*", "own"}};
  for (const std::string suite : {"A", "B"}) {
    std::vector<Leak> leaks = {
        MakeLeak(LeakKind::kFile, "/tmp/all"), MakeLeak(LeakKind::kFile, "/tmp/suite"),
        MakeLeak(LeakKind::kFile, "/tmp/own1"), MakeLeak(LeakKind::kProcess, "/tmp/all")};
    recorder.Judge(suite, suite == "A" ? own : std::vector<Allowance>(), &leaks);
    EXPECT_EQ(leaks[0].allowed, "all");
    EXPECT_EQ(leaks[1].allowed, suite == "A" ? "suite" : "");
    EXPECT_EQ(leaks[2].allowed, suite == "A" ? "own" : "");
    EXPECT_EQ(leaks[3].allowed, "") << "of another kind";
  }
  EXPECT_THAT(Counts(recorder.Finish({})), ElementsAre("all: 2", "suite: 1", "own: 1"));
}

TEST(Allowances, TheNearestGivesTheReasonAndAllAreCounted) {
  Recorder recorder;
  recorder.Allow({LeakKind::kFile, "*", "all"}, "");
  recorder.Allow({LeakKind::kFile, "/tmp/*", "suite"}, "A");
  std::vector<Leak> leaks = {MakeLeak(LeakKind::kFile, "/tmp/x")};
  recorder.Judge("A", {{LeakKind::kFile, "/tmp/x", "own"}}, &leaks);
  EXPECT_EQ(leaks[0].allowed, "own");
  EXPECT_THAT(Counts(recorder.Finish({})), ElementsAre("all: 1", "suite: 1", "own: 1"));
}

TEST(Allowances, SaidByEachTestAreOne) {
  Recorder recorder;
  recorder.Allow({LeakKind::kFile, "/tmp/x", "why"}, "");
  recorder.Allow({LeakKind::kFile, "/tmp/x", "why"}, "");
  std::vector<Leak> none;
  std::vector<Leak> one = {MakeLeak(LeakKind::kFile, "/tmp/y")};
  recorder.Judge("A", {{LeakKind::kFile, "/tmp/y", "own"}}, &none);
  recorder.Judge("A", {{LeakKind::kFile, "/tmp/y", "own"}}, &one);
  const report::Run run = recorder.Finish({});
  EXPECT_THAT(Counts(run), ElementsAre("why: 0", "own: 1"));
  EXPECT_FALSE(run.allowances[0].by_test);
  EXPECT_TRUE(run.allowances[1].by_test);
}

TEST(Repeats, TheWorstOutcomeStaysAndFindingsAreKeptOnce) {
  Recorder recorder;
  const auto leak = [](const char* pid) {
    return MakeLeak(LeakKind::kProcess, std::string("sleep (pid ") + pid + ")");
  };
  report::Test failed = MakeTest("A.a") | leak("7") | Uses(UseKind::kTcp, "[::]:80");
  failed.outcome.kind = OutcomeKind::kFailed;
  recorder.Add(MakeTest("A.a") | leak("6") | Uses(UseKind::kTcp, "[::]:80"));
  failed.not_listed = 2;
  recorder.Add(failed);
  recorder.Add(MakeTest("A.a") | Uses(UseKind::kTcp, "[::]:81"));
  const report::Run run = recorder.Finish({});
  ASSERT_THAT(run.tests, SizeIs(1));
  EXPECT_EQ(run.tests[0].outcome.kind, OutcomeKind::kFailed);
  EXPECT_EQ(run.tests[0].attempts, 3);
  EXPECT_TRUE(run.tests[0].flaky);
  EXPECT_THAT(Whats(run.tests[0].leaks), ElementsAre("sleep (pid 6)"));
  EXPECT_THAT(run.tests[0].uses, SizeIs(2));
  EXPECT_EQ(run.tests[0].not_listed, 2U);
}

TEST(Repeats, PassedAgainIsNotFlaky) {
  Recorder recorder;
  recorder.Add(MakeTest("A.a"));
  recorder.Add(MakeTest("A.a"));
  EXPECT_FALSE(recorder.Finish({}).tests[0].flaky);
}

TEST(RunWide, WhatMostTestsLeaveAlikeIsSaidOnce) {
  Recorder recorder;
  const auto logger = [](int tid) {
    return MakeLeak(LeakKind::kThread, "logger (tid " + std::to_string(tid) + ")");
  };
  recorder.Add(MakeTest("A.a") | logger(3) | MakeLeak(LeakKind::kFile, "/tmp/a"));
  recorder.Add(MakeTest("A.b") | logger(4));
  recorder.Add(MakeTest("A.c") | logger(5) | logger(6));
  recorder.Add(MakeTest("A.d"));
  recorder.Add(MakeTest("A.e"));
  const report::Run run = recorder.Finish({});
  ASSERT_THAT(run.leaks, SizeIs(1));
  EXPECT_EQ(run.leaks[0].leak.what, "logger (tid 3)");
  EXPECT_THAT(run.leaks[0].tests, ElementsAre("A.a", "A.b", "A.c"));
  EXPECT_THAT(Whats(run.tests[0].leaks), ElementsAre("/tmp/a"));
  EXPECT_THAT(run.tests[2].leaks, IsEmpty());
}

TEST(RunWide, NotWhatFewTestsLeave) {
  const Leak leak = MakeLeak(LeakKind::kFile, "/tmp/x");
  Recorder two;  // of two
  for (const char* name : {"A.a", "A.b"}) two.Add(MakeTest(name) | leak);
  EXPECT_THAT(two.Finish({}).leaks, IsEmpty());
  Recorder half;
  for (const char* name : {"A.a", "A.b", "A.c"}) half.Add(MakeTest(name) | leak);
  for (const char* name : {"A.d", "A.e", "A.f"}) half.Add(MakeTest(name));
  EXPECT_THAT(half.Finish({}).leaks, IsEmpty());
  EXPECT_THAT(half.Finish({}).tests[0].leaks, SizeIs(1));
}

TEST(RunWide, EscapesAndTestsThatNobodyLookedAtDoNotCount) {
  Recorder recorder;
  for (const char* name : {"A.a", "A.b", "A.c"}) {
    recorder.Add(MakeTest(name) | Escape("/srv/x") | MakeLeak(LeakKind::kThread, "logger"));
  }
  for (int i = 0; i < 10; ++i) {
    report::Test test = MakeTest("In.process" + std::to_string(i));
    test.in_process = true;
    test.examined = false;
    recorder.Add(test);
  }
  const report::Run run = recorder.Finish({});
  ASSERT_THAT(run.leaks, SizeIs(1));
  EXPECT_EQ(run.leaks[0].leak.what, "logger");
  EXPECT_THAT(Whats(run.tests[0].leaks), ElementsAre("/srv/x"));
}

TEST(SharedUses, AreSaidOncePerSetUp) {
  Recorder recorder;
  const Uses by_suite(UseKind::kTcp, "[::]:80", UsedBy::kSuiteSetUp);
  const Uses by_all(UseKind::kPath, "/tmp/log", UsedBy::kEnvironment);
  recorder.Add(MakeTest("A.a") | by_suite | by_all);
  recorder.Add(MakeTest("A.b") | by_suite | by_suite | by_all);
  recorder.Add(MakeTest("B.b") | by_all);
  std::vector<std::string> said;
  for (const SharedUse& shared : recorder.Finish({}).shared_uses) {
    said.push_back(shared.suite + " " + shared.use.name + " " + std::to_string(shared.tests));
  }
  EXPECT_THAT(said, ElementsAre(" /tmp/log 3", "A [::]:80 2"));
}

TEST(Isolation, IsTheLowestOfTheCells) {
  report::Run run;
  EXPECT_STREQ(Isolation(run), "off");
  run.tests.push_back(MakeTest("A.in_process"));
  run.tests[0].in_process = true;
  EXPECT_STREQ(Isolation(run), "off");
  run.tests.push_back(MakeTest("A.b"));
  EXPECT_STREQ(Isolation(run), "full");
  run.tests.push_back(MakeTest("A.c"));
  run.tests[2].outcome.rung = Rung::kPartial;
  EXPECT_STREQ(Isolation(run), "partial");
}

}  // namespace
}  // namespace testcell::report
