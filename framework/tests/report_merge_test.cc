#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "report_builder.h"

namespace testcell::report {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;

Run MakeShard(std::vector<Test> tests, int jobs = 2, int wall_ms = 100) {
  Recorder recorder;
  for (Test& test : tests) recorder.Add(std::move(test));
  Recorder::End end;
  end.jobs = jobs;
  end.wall = milliseconds(wall_ms);
  return recorder.Finish(end);
}

std::vector<std::string> NamesOf(const Run& run) {
  std::vector<std::string> names;
  for (const Test& test : run.tests) names.push_back(test.FullName());
  return names;
}

TEST(MergeTest, ShardsFollowEachOther) {
  const report::Run run =
      Merge({MakeShard({MakeTest("A.a") | Ran{5, 10}}, 2, 100),
             MakeShard({MakeTest("A.b") | Ran{7, 500}}, 8, 100), MakeShard({}, 1, 3),
             MakeShard({MakeTest("B.a") | Ran{0, 1}}, 4, 50)});
  EXPECT_THAT(NamesOf(run), ElementsAre("A.a", "A.b", "B.a"));
  EXPECT_EQ(run.tests[0].start, milliseconds(5));
  EXPECT_EQ(run.tests[1].start, milliseconds(107));
  EXPECT_EQ(run.tests[2].start, milliseconds(610));  // the second's test ended at 607
  EXPECT_EQ(run.wall, milliseconds(660));
  EXPECT_EQ(run.jobs, 8);
}

TEST(MergeTest, CellsThatWereUsedAgainAreCountedTogether) {
  report::Test reused = MakeTest("A.b");
  reused.outcome.reused = true;
  report::Run shard = MakeShard({MakeTest("A.a"), reused});
  shard.reuse = true;
  report::Run read;
  ASSERT_EQ(ReadJson(Json(shard), &read), "");
  const report::Run run = Merge({read, MakeShard({MakeTest("B.a")})});
  EXPECT_TRUE(run.reuse);
  EXPECT_EQ(CountReused(run), 1);
  EXPECT_FALSE(Merge({MakeShard({MakeTest("B.a")})}).reuse);
}

TEST(MergeTest, ConflictsAreFoundOverAllShards) {
  const report::Run run =
      Merge({MakeShard({MakeTest("A.a") | Uses(UseKind::kTcp, "0.0.0.0:80")}),
             MakeShard({MakeTest("A.b") | Uses(UseKind::kTcp, "127.0.0.1:80")})});
  ASSERT_EQ(run.conflicts.size(), 1u);
  EXPECT_THAT(run.conflicts[0].tests, ElementsAre("A.a", "A.b"));
  EXPECT_EQ(run.conflicts[0].name, "0.0.0.0:80, 127.0.0.1:80");
}

TEST(MergeTest, OnlyWhatAShardSawAtOnceCollided) {
  const auto writes = [](const char* name) {
    return MakeTest(name) | Escape("/srv/x") | Ran{0, 50};
  };
  const report::Run apart = Merge({MakeShard({writes("A.a")}), MakeShard({writes("A.b")})});
  ASSERT_EQ(apart.conflicts.size(), 1u);
  EXPECT_TRUE(apart.conflicts[0].shared);
  EXPECT_FALSE(apart.conflicts[0].real);
  const report::Run together =
      Merge({MakeShard({writes("A.a"), writes("A.b")}), MakeShard({writes("A.c")})});
  ASSERT_EQ(together.conflicts.size(), 1u);
  EXPECT_THAT(together.conflicts[0].tests, ElementsAre("A.a", "A.b", "A.c"));
  EXPECT_TRUE(together.conflicts[0].real);
}

TEST(MergeTest, WhatAShardKnewIsKept) {
  report::Run shard = MakeShard({MakeTest("A.a"), MakeTest("A.b")});
  Conflict made_up;
  made_up.kind = UseKind::kPath;
  made_up.name = "/tmp/same.Xy3b9Q";
  made_up.tests = {"A.a", "A.b"};
  shard.conflicts = {made_up};
  const report::Run run = Merge({shard, MakeShard({MakeTest("A.c")})});
  ASSERT_EQ(run.conflicts.size(), 1u);
  EXPECT_EQ(run.conflicts[0].name, made_up.name);
}

TEST(MergeTest, RunWideIsWhatMostTestsOfAllShardsLeft) {
  const auto logs = [](const char* name) {
    return MakeTest(name) | MakeLeak(LeakKind::kThread, "logger (tid 3)");
  };
  const report::Run all = MakeShard({logs("A.a"), logs("A.b"), logs("A.c"), MakeTest("A.d")});
  ASSERT_EQ(all.leaks.size(), 1u);
  // Too few in the second, but not in both.
  const report::Run most = Merge({all, MakeShard({logs("B.a"), MakeTest("B.b")})});
  ASSERT_EQ(most.leaks.size(), 1u);
  EXPECT_THAT(most.leaks[0].tests, ElementsAre("A.a", "A.b", "A.c", "B.a"));
  for (const auto& test : most.tests) EXPECT_TRUE(test.leaks.empty());
  // No longer of most: each test has its own again.
  const report::Run few =
      Merge({all, MakeShard({MakeTest("B.a"), MakeTest("B.b"), MakeTest("B.c")})});
  EXPECT_TRUE(few.leaks.empty());
  ASSERT_EQ(few.tests[1].leaks.size(), 1u);
  EXPECT_EQ(few.tests[1].leaks[0].what, "logger (tid 3)");
}

TEST(MergeTest, AllowancesAndLeaksOfSuitesAreJoined) {
  const auto shard = [](const char* test) {
    Recorder recorder;
    recorder.Allow({LeakKind::kThread, "logger*", "lives on"}, "");
    std::vector<Leak> leaks = {MakeLeak(LeakKind::kThread, "logger (tid 3)")};
    recorder.Judge("A", {}, &leaks);
    recorder.Add(MakeTest(test) | leaks[0]);
    recorder.AddLeaks("Broken", {MakeLeak(LeakKind::kZombie, "true (pid 9)")});
    return recorder.Finish({});
  };
  const report::Run run = Merge({shard("A.a"), shard("A.b")});
  ASSERT_EQ(run.allowances.size(), 1u);
  EXPECT_EQ(run.allowances[0].matched, 2);
  ASSERT_EQ(run.leaks.size(), 1u);
  EXPECT_EQ(run.leaks[0].suite, "Broken");
  EXPECT_EQ(run.tests[1].leaks[0].allowed, "lives on");
}

TEST(MergeTest, SharedSetUpsAreCountedOverAllShards) {
  const Uses use(UseKind::kTcp, "0.0.0.0:80", UsedBy::kSuiteSetUp);
  const report::Run run =
      Merge({MakeShard({MakeTest("A.a") | use}), MakeShard({MakeTest("A.b") | use})});
  ASSERT_EQ(run.shared_uses.size(), 1u);
  EXPECT_EQ(run.shared_uses[0].tests, 2);
  EXPECT_TRUE(run.conflicts.empty());
}

}  // namespace
}  // namespace testcell::report
