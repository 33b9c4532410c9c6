// Tests to look into: each does what only the one that is debugged can.
#include <testcell/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>

namespace {

int g_shared = 0;

struct Limited : public testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.time_limit = std::chrono::milliseconds(1);
    return options;
  }
};

__attribute__((noinline)) void StopHere(int number) { g_shared = number; }

TEST(Debugged, IsTalkedTo) {
  std::printf("stdin is %s\nwho is there? ", ::isatty(STDIN_FILENO) != 0 ? "a terminal" : "none");
  std::fflush(stdout);
  char name[100] = "";
  ASSERT_NE(std::fgets(name, sizeof name, stdin), nullptr);
  std::printf("hello %sin a cell: %d, process %d\n", name, testcell::InCell(),
              static_cast<int>(::getpid()));
  StopHere(42);
}
TEST_F(Limited, TakesItsTime) {
  std::printf("waits\n");
  char byte;
  // Ends with the input, long after the limit: whoever types has read the line.
  while (::read(STDIN_FILENO, &byte, 1) > 0) {
  }
  EXPECT_TRUE(testcell::InCell());
}
TEST(Debugged, Fails) { FAIL() << "as meant"; }
TEST(DISABLED_Debugged, MayBeAskedFor) { EXPECT_TRUE(testcell::InCell()); }

}  // namespace
