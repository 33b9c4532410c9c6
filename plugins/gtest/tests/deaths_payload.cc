// Tests that end their process, or hang, and good ones around them.
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "testcell/gtest.h"

namespace {

// Before, between and after the deaths: what passes must go on passing.
TEST(GoodBefore, Passes) { std::puts("good before"); }

TEST(Death, Segfault) {
  int* volatile nowhere = nullptr;
  *nowhere = 1;
}

TEST(Death, Abort) { std::abort(); }

int Deeper(int level) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(level);
  return level < 0 ? 0 : Deeper(level + 1) + frame[0];
}
TEST(Death, StackOverflow) { EXPECT_EQ(Deeper(0), 0); }

TEST(Death, ExitsWith0) { std::exit(0); }
TEST(Death, ExitsWith3AtOnce) { ::_exit(3); }
TEST(Death, PthreadExit) { ::pthread_exit(nullptr); }
TEST(Death, GoodBetween) { SUCCEED(); }
TEST(Death, KillsItself) { ::raise(SIGKILL); }
TEST(Death, SignalsItsGroup) {
  ::kill(0, SIGTERM);
  for (;;) ::pause();
}
TEST(Death, ThrowsInThread) {
  std::thread([] { throw std::runtime_error("from a thread"); }).join();
}
TEST(Death, RealTimeSignal) { ::raise(SIGRTMIN + 1); }

TEST(Death, KeepsFailuresBeforeIt) {
  EXPECT_EQ(1, 2) << "the first failure";
  ADD_FAILURE() << "the second failure";
  RecordProperty("lost", "with the end of the test");
  std::abort();
}

TEST(Death, KeepsOutputWithoutNewline) {
  std::fputs("half a line on stdout", stdout);
  std::fflush(stdout);
  std::fputs("half a line on stderr", stderr);
  std::abort();
}

// A process kills all others that it sees, and PID 1 is beyond its reach.
TEST(Survivor, KillsAllOthers) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  EXPECT_EQ(::kill(-1, SIGKILL), 0);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
}

struct TearDownDeath : testing::Test {
  static void TearDownTestSuite() { std::abort(); }
};
TEST_F(TearDownDeath, InTearDownOfSuite) {}

struct SetUpDeath : testing::Test {
  static void SetUpTestSuite() { std::abort(); }
};
TEST_F(SetUpDeath, InSetUpOfSuite) {}

struct Constructor : testing::Test {
  Constructor() { std::abort(); }
};
TEST_F(Constructor, Aborts) {}

struct Hang : testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.time_limit = std::chrono::seconds(2);
    return options;
  }
};

TEST_F(Hang, StopsItself) { ::raise(SIGSTOP); }
TEST_F(Hang, Loops) {
  volatile bool forever = true;
  while (forever) continue;
}
TEST_F(Hang, IgnoresSigterm) {
  ::signal(SIGTERM, SIG_IGN);
  for (;;) ::pause();
}
TEST_F(Hang, WithChildren) {
  ADD_FAILURE() << "a failure before the hang";
  if (::fork() == 0) {
    ::setsid();
    for (;;) ::pause();
  }
  ::raise(SIGSTOP);
}

TEST(Slow, UntilKilled) {
  for (;;) ::pause();
}

TEST(GoodAfter, Passes) { std::puts("good after"); }
TEST(GoodAfter, Fails) { EXPECT_EQ(1, 2) << "an ordinary failure"; }
TEST(GoodAfter, Skips) { GTEST_SKIP() << "an ordinary skip"; }

}  // namespace
