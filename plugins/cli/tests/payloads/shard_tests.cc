// Tests to divide into shards.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace {

class Numbers : public testing::TestWithParam<int> {};
TEST_P(Numbers, Pass) {}
INSTANTIATE_TEST_SUITE_P(All, Numbers, testing::Range(0, 7));

TEST(Other, Passes) {}
TEST(Other, DISABLED_Waits) {}
TEST(Other, Skips) { GTEST_SKIP(); }

// What a test starts is no part of the shard, unless the user has said so.
TEST(Environment, IsTheUsers) {
  for (const char* name : {"GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX"}) {
    const char* const expected = std::getenv((std::string("EXPECTED_") + name).c_str());
    const char* const value = std::getenv(name);
    EXPECT_STREQ(value == nullptr ? "" : value, expected == nullptr ? "" : expected);
  }
}

}  // namespace
