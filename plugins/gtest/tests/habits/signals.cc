// Tests that use signals, timers and io_uring.
#include <linux/io_uring.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>

#include "tools.h"

namespace habits {
namespace {

std::atomic<int> g_signals{0};
void Count(int) { ++g_signals; }

class Handled : public testing::Test {
 protected:
  void Handle(int number, void (*handler)(int)) {
    g_signals = 0;
    struct sigaction action {};
    action.sa_handler = handler;
    number_ = number;
    ASSERT_EQ(::sigaction(number, &action, &before_), 0) << Error();
  }
  void TearDown() override {
    if (number_ != 0) ::sigaction(number_, &before_, nullptr);
  }

 private:
  int number_ = 0;
  struct sigaction before_ {};
};

TEST_F(Handled, ByAnAlarm) {
  Handle(SIGALRM, Count);
  const itimerval soon{{0, 0}, {0, 1000}};
  ASSERT_EQ(::setitimer(ITIMER_REAL, &soon, nullptr), 0);
  while (g_signals == 0) ::usleep(100);
  EXPECT_EQ(g_signals, 1);
}

TEST_F(Handled, ByATimer) {
  Handle(SIGUSR1, Count);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  timer_t timer;
  ASSERT_EQ(::timer_create(CLOCK_MONOTONIC, &event, &timer), 0) << Error();
  const itimerspec soon{{0, 0}, {0, 1000000}};
  EXPECT_EQ(::timer_settime(timer, 0, &soon, nullptr), 0);
  while (g_signals == 0) ::usleep(100);
  EXPECT_EQ(::timer_delete(timer), 0);
}

TEST_F(Handled, ByAChildsEnd) {
  Handle(SIGCHLD, Count);
  EXPECT_EQ(InChild([] { return 0; }), 0);
  EXPECT_EQ(g_signals, 1);
}

TEST_F(Handled, ByNobodyWhereChildrenAreIgnored) {
  Handle(SIGCHLD, SIG_IGN);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  EXPECT_EQ(::waitpid(child, nullptr, 0), -1);
  EXPECT_EQ(errno, ECHILD);
}

sigjmp_buf g_back;
TEST_F(Handled, ByAJumpOutOfASegfault) {
  Handle(SIGSEGV, [](int) { siglongjmp(g_back, 1); });
  volatile bool survived = false;
  if (sigsetjmp(g_back, 1) == 0) {
    int* volatile nowhere = nullptr;
    *nowhere = 1;
  } else {
    survived = true;
  }
  EXPECT_TRUE(survived);
}

TEST_F(Handled, ByAHandlerThatEndsAChild) {
  Handle(SIGTERM, [](int) { ::_exit(9); });
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  EXPECT_EQ(::kill(child, SIGTERM), 0);
  EXPECT_EQ(WEXITSTATUS(Await(child)), 9);
}

TEST(Signals, AreTakenFromADescriptor) {
  sigset_t set;
  sigset_t before;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR2);
  ASSERT_EQ(::sigprocmask(SIG_BLOCK, &set, &before), 0);
  const int fd = ::signalfd(-1, &set, SFD_CLOEXEC);
  ASSERT_EQ(::raise(SIGUSR2), 0);
  signalfd_siginfo info;
  EXPECT_EQ(::read(fd, &info, sizeof info), static_cast<ssize_t>(sizeof info));
  EXPECT_EQ(info.ssi_signo, static_cast<std::uint32_t>(SIGUSR2));
  EXPECT_EQ(info.ssi_pid, static_cast<std::uint32_t>(::getpid()));
  ::close(fd);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

// None is blocked, ignored or handled that a plain run would not have so.
TEST(Signals, HaveTheirDefaults) {
  sigset_t set;
  ASSERT_EQ(::sigprocmask(SIG_SETMASK, nullptr, &set), 0);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD, SIGALRM, SIGUSR1, SIGHUP, SIGPIPE}) {
    EXPECT_EQ(::sigismember(&set, number), 0) << number;
    struct sigaction action {};
    ASSERT_EQ(::sigaction(number, nullptr, &action), 0);
    EXPECT_EQ(action.sa_handler == SIG_DFL, true) << number;
  }
}

TEST(Signals, EndAChild) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) ::pause();
    }
    EXPECT_EQ(::kill(child, number), 0);
    EXPECT_EQ(WTERMSIG(Await(child)), number);
  }
}

TEST(Timers, ExpireOnDescriptors) {
  const int fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  ASSERT_GE(fd, 0);
  const itimerspec soon{{0, 0}, {0, 1000000}};
  ASSERT_EQ(::timerfd_settime(fd, 0, &soon, nullptr), 0);
  std::uint64_t expirations = 0;
  EXPECT_EQ(::read(fd, &expirations, sizeof expirations), 8);
  EXPECT_EQ(expirations, 1u);
  ::close(fd);
}

TEST(IoUring, CanBeSetUp) {
  io_uring_params parameters{};
  const int fd = static_cast<int>(::syscall(SYS_io_uring_setup, 4, &parameters));
  if (fd < 0) GTEST_SKIP() << "no io_uring: " << Error();
  void* const ring = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
                            IORING_OFF_SQ_RING);
  EXPECT_NE(ring, MAP_FAILED) << Error();
  ::munmap(ring, 4096);
  ::close(fd);
}

}  // namespace
}  // namespace habits
