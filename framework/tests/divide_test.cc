#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "testcell/internal/shard.h"

namespace testcell::internal {
namespace {

using std::chrono::milliseconds;

std::vector<std::int64_t> Loads(const std::vector<TimedTest>& tests, int shards) {
  const std::vector<int> shard_of = DivideEvenly(tests, shards);
  EXPECT_EQ(shard_of.size(), tests.size());
  std::vector<std::int64_t> loads(static_cast<std::size_t>(shards));
  for (std::size_t i = 0; i < tests.size(); ++i) {
    loads.at(static_cast<std::size_t>(shard_of[i])) += tests[i].expected.count();
  }
  return loads;
}

TEST(DivideTest, LongTestsGoToDifferentShards) {
  // GoogleTest's own shards would put all of the long ones into the first.
  const std::vector<TimedTest> tests = {{"a", milliseconds(900)}, {"b", milliseconds(1)},
                                        {"c", milliseconds(1)},   {"d", milliseconds(800)},
                                        {"e", milliseconds(1)},   {"f", milliseconds(1)},
                                        {"g", milliseconds(700)}};
  EXPECT_EQ(Loads(tests, 3), (std::vector<std::int64_t>{900, 800, 704}));
}

TEST(DivideTest, WithoutDurationsShardsHaveAsManyTests) {
  const std::vector<TimedTest> tests(7, {"same", milliseconds(0)});
  EXPECT_EQ(DivideEvenly(tests, 3), (std::vector<int>{0, 1, 2, 0, 1, 2, 0}));
}

TEST(DivideTest, WhatIsUnknownCountsAsTheAverage) {
  const std::vector<TimedTest> tests = {
      {"a", milliseconds(30)}, {"b", milliseconds(10)}, {"new", milliseconds(0)}};
  // 30 against 20 and 10.
  EXPECT_EQ(DivideEvenly(tests, 2), (std::vector<int>{0, 1, 1}));
}

TEST(DivideTest, TheOrderOfTheTestsDoesNotMatter) {
  std::vector<TimedTest> tests;
  for (int i = 0; i < 100; ++i) tests.push_back({"t" + std::to_string(i), milliseconds(i % 7)});
  const std::vector<int> shard_of = DivideEvenly(tests, 5);
  std::vector<TimedTest> reversed(tests.rbegin(), tests.rend());
  std::vector<int> of_reversed = DivideEvenly(reversed, 5);
  std::reverse(of_reversed.begin(), of_reversed.end());
  EXPECT_EQ(shard_of, of_reversed);
}

TEST(DivideTest, OnlyTheLastShardsAreEmptyAndOnlyForWantOfTests) {
  for (int count = 0; count < 6; ++count) {
    const std::vector<TimedTest> tests(static_cast<std::size_t>(count), {"t", milliseconds(5)});
    for (int shards = 1; shards < 8; ++shards) {
      const std::vector<std::int64_t> loads = Loads(tests, shards);
      for (int shard = 0; shard < shards; ++shard) {
        EXPECT_EQ(loads[static_cast<std::size_t>(shard)] > 0, shard < count);
      }
    }
  }
}

// The bound that is proven for the longest first: 4/3 of the best there is.
TEST(DivideTest, NoShardTakesMuchLongerThanTheAverage) {
  std::vector<TimedTest> tests;
  std::int64_t sum = 0;
  for (int i = 1; i <= 400; ++i) {
    tests.push_back({"t" + std::to_string(i), milliseconds(1 + i * i % 97)});
    sum += tests.back().expected.count();
  }
  for (int shards = 1; shards <= 20; ++shards) {
    const std::vector<std::int64_t> loads = Loads(tests, shards);
    EXPECT_LE(3 * *std::max_element(loads.begin(), loads.end()) * shards, 4 * (sum + 97 * shards));
  }
}

}  // namespace
}  // namespace testcell::internal
