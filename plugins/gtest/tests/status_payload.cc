// Tests of which one waits for its driver, and some that tell when they ran.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace {

TEST(Status, Passes) {}
TEST(Status, Fails) { ADD_FAILURE() << "on purpose"; }
// The cursor is left behind a line that has no end yet.
TEST(Status, Waits) {
  std::printf("waits");
  std::fflush(stdout);
  const int fifo = ::open("fifo", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fifo, 0);
  char byte = 0;
  EXPECT_EQ(::read(fifo, &byte, 1), 0);
  ::close(fifo);
  std::printf(" no more\n");
}

class Order : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::ofstream("order", std::ios::app) << test->name() << '\n';
  }
};
TEST_F(Order, A) {}
TEST_F(Order, B) {}
TEST_F(Order, C) {}
TEST_F(Order, D) {}

}  // namespace
