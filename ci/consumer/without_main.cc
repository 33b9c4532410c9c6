#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

namespace {

// All of them write the same file: a cell is what keeps them apart.
class Consumer : public ::testing::TestWithParam<int> {};

TEST_P(Consumer, HasItsOwnTmp) {
  ASSERT_NE(::access("/tmp/consumer-state", F_OK), 0);
  std::FILE* const file = std::fopen("/tmp/consumer-state", "wx");
  ASSERT_NE(file, nullptr);
  std::fclose(file);
}

INSTANTIATE_TEST_SUITE_P(Many, Consumer, ::testing::Range(0, 8));

}  // namespace
