// Tests that see how many of them run at the same time, and in which process.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "deaths_payload.h"
#include "testcell/gtest.h"

namespace {

struct Watched : testcell::Test, testing::WithParamInterface<int> {
  static testcell::Options CellOptions() { return deaths::WithSharedDirectory(); }
};

// The driver gives how many there may be, and is told what there was.
TEST_P(Watched, NeverMoreThanAllowed) {
  const deaths::InUse in_use("running");
  EXPECT_LE(in_use.HighestOfManyLooks(), std::atoi(std::getenv("DEATHS_ALLOWED")));
}
INSTANTIATE_TEST_SUITE_P(All, Watched, testing::Range(0, 12));

// Passes only if all three are there at once.
struct Meeting : testcell::Test {
  static testcell::Options CellOptions() { return deaths::WithSharedDirectory(); }
  static void Meet() {
    // Stays counted when the test is over.
    static const auto* const here = new deaths::InUse("met");
    while (here->now() < 3) ::sched_yield();
  }
};
TEST_F(Meeting, One) { Meet(); }
TEST_F(Meeting, Two) { Meet(); }
TEST_F(Meeting, Three) { Meet(); }

struct Serial : Watched {};
TEST_P(Serial, IsAlone) {
  const deaths::InUse in_use("running");
  EXPECT_EQ(in_use.HighestOfManyLooks(), 1);
}
INSTANTIATE_TEST_SUITE_P(All, Serial, testing::Range(0, 4));

struct Device : testcell::Test, testing::WithParamInterface<int> {
  static testcell::Options CellOptions() {
    testcell::Options options = deaths::WithSharedDirectory();
    options.exclusive.push_back({"device", 2});
    return options;
  }
};
struct OtherUserOfDevice : Device {};
TEST_P(Device, NeverMoreThan2) {
  const deaths::InUse in_use("device");
  EXPECT_LE(in_use.HighestOfManyLooks(), 2);
}
TEST_P(OtherUserOfDevice, NeverMoreThan2) {
  const deaths::InUse in_use("device");
  EXPECT_LE(in_use.HighestOfManyLooks(), 2);
}
INSTANTIATE_TEST_SUITE_P(All, Device, testing::Range(0, 6));
INSTANTIATE_TEST_SUITE_P(All, OtherUserOfDevice, testing::Range(0, 6));

// For --testcell_suites=shared: what one leaves the next one finds, until one
// dies.
struct Together : testing::Test {
  static void SetUpTestSuite() { std::puts("set up together"); }
  static void TearDownTestSuite() { std::puts("tear down together"); }
  static inline int tests_before = 0;
  ~Together() override { ++tests_before; }
};
TEST_F(Together, First) { EXPECT_EQ(tests_before, 0); }
TEST_F(Together, Second) { EXPECT_EQ(tests_before, 1); }
TEST_F(Together, Dies) {
  EXPECT_EQ(tests_before, 2);
  ADD_FAILURE() << "a failure before the death";
  std::abort();
}
TEST_F(Together, FirstAfterTheDeath) { EXPECT_EQ(tests_before, 0); }
TEST_F(Together, SecondAfterTheDeath) { EXPECT_EQ(tests_before, 1); }
TEST_F(Together, DiesToo) { std::_Exit(4); }
TEST_F(Together, Last) { EXPECT_EQ(tests_before, 0); }

// In a shared cell: a thread of the suite's prints while tests begin and end.
struct Chatter : testing::Test, testing::WithParamInterface<int> {
  static void SetUpTestSuite() {
    thread = std::thread([] {
      while (!over) {
        std::puts("chatter");
        std::fflush(stdout);
      }
    });
  }
  static void TearDownTestSuite() {
    over = true;
    thread.join();
  }
  static inline std::atomic<bool> over{false};
  static inline std::thread thread;
};
TEST_P(Chatter, GoesOn) { ::sched_yield(); }
INSTANTIATE_TEST_SUITE_P(All, Chatter, testing::Range(0, 40));

// For signals to the run: each tells the driver, by a byte, that it runs, and
// prints lines that the driver counts.
struct Steps : testcell::Test, testing::WithParamInterface<int> {
  static testcell::Options CellOptions() { return deaths::WithSharedDirectory(); }
};
TEST_P(Steps, Tell) {
  std::printf("step %d begins\n", GetParam());
  const int fd = ::open((deaths::SharedDirectory() + "/steps").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::write(fd, "x", 1), 1);
  if (::fork() == 0) {
    for (;;) ::pause();
  }
  std::printf("step %d ends\n", GetParam());
}
INSTANTIATE_TEST_SUITE_P(All, Steps, testing::Range(0, 40));

// Many, for what happens between tests.
struct Short : testing::Test, testing::WithParamInterface<int> {};
TEST_P(Short, Prints) { std::printf("short %d\n", GetParam()); }
INSTANTIATE_TEST_SUITE_P(All, Short, testing::Range(0, 300));

// Waits for the driver.
struct Held : testcell::Test {
  static testcell::Options CellOptions() { return deaths::WithSharedDirectory(); }
};
TEST_F(Held, Before) { SUCCEED(); }
TEST_F(Held, InTheMiddle) {
  EXPECT_EQ(1, 2) << "before it is held";
  deaths::TellPipe("held");
  deaths::AwaitPipe("release");
}
TEST_F(Held, After) { SUCCEED(); }
TEST_F(Held, LongAfter) { SUCCEED(); }

}  // namespace
