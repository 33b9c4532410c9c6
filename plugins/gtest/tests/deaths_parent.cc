// A program that is in a bad state before its tests start: the arguments after
// its flags say in which.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>
#include <thread>

#include "testcell/gtest.h"

namespace {

struct sigaction g_child;  // SIGCHLD's, as main left it

TEST(Child, IsAsInMain) {
  struct sigaction now;
  ASSERT_EQ(::sigaction(SIGCHLD, nullptr, &now), 0);
  EXPECT_EQ(now.sa_handler, g_child.sa_handler);
  if (now.sa_handler != SIG_IGN) return;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  EXPECT_EQ(::waitpid(child, nullptr, 0), -1);
  EXPECT_EQ(errno, ECHILD);
}
TEST(Child, Crashes) { std::abort(); }
TEST(Child, Exits) { ::_exit(5); }

TEST(Mask, IsAsInMain) {
  sigset_t mask;
  ASSERT_EQ(::sigprocmask(SIG_SETMASK, nullptr, &mask), 0);
  EXPECT_EQ(::sigismember(&mask, SIGUSR1), 1);
  EXPECT_EQ(::sigismember(&mask, SIGUSR2), 0);
}

void Listen(int family) {
  sockaddr_storage address{};
  address.ss_family = static_cast<sa_family_t>(family);
  const int fd = ::socket(family, SOCK_STREAM, 0);
  const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(fd, 1) != 0) {
    std::perror("listen");
  }
}

void StartThread() {
  static std::promise<void> named;
  std::thread([] {
    ::prctl(PR_SET_NAME, "early bird");
    named.set_value();
    for (;;) ::pause();
  }).detach();
  named.get_future().wait();
}

}  // namespace

int main(int argc, char** argv) {
  testcell::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "ignore-sigchld") == 0) ::signal(SIGCHLD, SIG_IGN);
    if (std::strcmp(argv[i], "thread") == 0) StartThread();
    if (std::strcmp(argv[i], "socket") == 0) Listen(AF_INET);
    if (std::strcmp(argv[i], "epoll") == 0) ::epoll_create1(EPOLL_CLOEXEC);
  }
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  ::sigaction(SIGCHLD, nullptr, &g_child);
  return RUN_ALL_TESTS();
}
