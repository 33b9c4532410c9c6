// Tests that pass or end as a sanitizer finds out; each is run in a program that
// was built with the one it names.
#include <testcell/gtest.h>

#include <atomic>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace {

int* volatile g_pointer = nullptr;
volatile int g_number = 0;
int g_shared = 0;

// One after the other, which ThreadSanitizer is sure to see, but by an order that tells
// nothing of what else was written.
void Race() {
  std::atomic<bool> written{false};
  std::thread other([&written] {
    ++g_shared;
    written.store(true, std::memory_order_relaxed);
  });
  while (!written.load(std::memory_order_relaxed)) std::this_thread::yield();
  ++g_shared;
  other.join();
}

TEST(Clean, Passes) {
  std::printf("clean passes\n");
  int* const pointer = new int(1);
  std::thread other([] { ++g_shared; });
  other.join();
  EXPECT_EQ(g_shared + *pointer, 2);
  delete pointer;
}
TEST(Address, UsesWhatIsFreed) {
  g_pointer = new int(1);
  delete g_pointer;
  *g_pointer = 2;
}
TEST(Address, Leaks) {
  std::printf("leaks passes\n");
  g_pointer = new int(1);
  g_pointer = nullptr;
}
TEST(Address, DiesAsExpected) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  g_pointer = new int(1);
  delete g_pointer;
  EXPECT_DEATH(*g_pointer = 2, "heap-use-after-free");
}
TEST(Undefined, Overflows) {
  g_number = INT_MAX;
  g_number = g_number + 1;
}
TEST(Thread, Races) {
  std::printf("races passes\n");
  Race();
}

}  // namespace
