// Tests that fork, execute, daemonise, trace and wait.
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tools.h"

extern char** environ;

namespace habits {
namespace {

TEST(Processes, NoneIsThereBefore) {
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Processes, ExecutesPrograms) {
  EXPECT_EQ(Execute([] { ::execlp("true", "true", nullptr); }), 0);
  EXPECT_EQ(WEXITSTATUS(Execute([] { ::execlp("false", "false", nullptr); })), 1);
  EXPECT_EQ(WEXITSTATUS(Execute([] { ::execlp("/nonexistent", "x", nullptr); })), 127);
}

TEST(Processes, AsksTheShell) {
  EXPECT_EQ(WEXITSTATUS(std::system("exit 3")), 3);
  std::FILE* const pipe = ::popen("echo from the shell", "r");
  ASSERT_NE(pipe, nullptr);
  char line[64] = "";
  EXPECT_NE(std::fgets(line, sizeof line, pipe), nullptr);
  EXPECT_STREQ(line, "from the shell\n");
  EXPECT_EQ(::pclose(pipe), 0);
}

TEST(Processes, Spawns) {
  pid_t child = -1;
  const char* arguments[] = {"sh", "-c", "exit 4", nullptr};
  ASSERT_EQ(::posix_spawnp(&child, "sh", nullptr, nullptr, const_cast<char**>(arguments), environ),
            0);
  EXPECT_EQ(WEXITSTATUS(Await(child)), 4);
}

// A grandchild outlives its parent, in a session of its own, and is told to end.
TEST(Processes, Daemonises) {
  ASSERT_EQ(::mkfifo("habits-daemon", 0600), 0) << Error();
  const int status = InChild([] {
    if (::fork() != 0) return 0;
    ::setsid();
    if (::fork() != 0) ::_exit(0);
    for (int fd = 0; fd < 3; ++fd) ::close(fd);
    const std::string number = std::to_string(::getpid());
    const int fd = ::open("habits-daemon", O_WRONLY);
    if (::write(fd, number.data(), number.size()) < 0) ::_exit(1);
    ::close(fd);
    for (;;) ::pause();
  });
  EXPECT_EQ(status, 0);
  const pid_t daemon = std::atoi(Read("habits-daemon").c_str());
  ASSERT_GT(daemon, 1);
  EXPECT_EQ(::getsid(daemon) == ::getsid(0), false);
  EXPECT_EQ(::kill(daemon, SIGKILL), 0) << Error();
  EXPECT_EQ(::unlink("habits-daemon"), 0);
}

TEST(Processes, KillsAGroup) {
  int alive[2];
  ASSERT_EQ(::pipe(alive), 0);
  const pid_t leader = ::fork();
  if (leader == 0) {
    ::setpgid(0, 0);
    if (::fork() == 0 && ::fork() == 0) (void)!::write(alive[1], "x", 1);
    for (;;) ::pause();
  }
  char byte;
  EXPECT_EQ(::read(alive[0], &byte, 1), 1);
  EXPECT_EQ(::kill(-leader, SIGTERM), 0) << Error();
  EXPECT_EQ(WTERMSIG(Await(leader)), SIGTERM);
  ::close(alive[1]);
  EXPECT_EQ(::read(alive[0], &byte, 1), 0) << "a process of the group is left";
  ::close(alive[0]);
}

TEST(Processes, AdoptsOrphans) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  EXPECT_EQ(InChild([] {
              if (::fork() == 0) ::_exit(5);
              return 0;
            }),
            0);
  EXPECT_EQ(WEXITSTATUS(Await(-1)), 5);
  EXPECT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0), 0);
}

TEST(Processes, StartsASession) {
  EXPECT_EQ(InChild([] { return ::setsid() == ::getpid() && ::getsid(0) == ::getpid() ? 0 : 1; }),
            0);
}

TEST(Processes, SeesItselfInProc) {
  char link[64] = "";
  EXPECT_GT(::readlink("/proc/self", link, sizeof link - 1), 0);
  EXPECT_EQ(std::atoi(link), ::getpid());
  EXPECT_NE(Read("/proc/self/status").find("Pid:\t" + std::to_string(::getpid())),
            std::string::npos);
  EXPECT_NE(Read("/proc/self/cmdline").find("habits"), std::string::npos);
  EXPECT_EQ(::access("/proc/self/exe", X_OK), 0) << Error();
}

TEST(Processes, TracesAChild) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    ::_exit(6);
  }
  const int stopped = Await(child);
  ASSERT_TRUE(WIFSTOPPED(stopped));
  EXPECT_EQ(WSTOPSIG(stopped), SIGSTOP);
  ASSERT_EQ(::ptrace(PTRACE_CONT, child, nullptr, nullptr), 0) << Error();
  EXPECT_EQ(WEXITSTATUS(Await(child)), 6);
}

TEST(Processes, LooksIntoAnother) {
  static int value = 1;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    value = 7;
    (void)!::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  int seen = 0;
  const iovec here{&seen, sizeof seen};
  const iovec there{&value, sizeof value};
  EXPECT_EQ(::process_vm_readv(child, &here, 1, &there, 1, 0), static_cast<ssize_t>(sizeof seen))
      << Error();
  EXPECT_EQ(seen, 7);
  ::kill(child, SIGKILL);
  Await(child);
  ::close(ready[0]);
  ::close(ready[1]);
}

// Of this very test, as programs do whose children are tests.
TEST(Processes, DISABLED_IsExecuted) { std::puts("executed"); }
TEST(Processes, ExecutesItself) {
  const std::string program = ::testing::internal::GetArgvs().front();
  std::FILE* const pipe = ::popen((program + " --gtest_also_run_disabled_tests"
                                             " --gtest_filter=Processes.DISABLED_IsExecuted 2>&1")
                                      .c_str(),
                                  "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  char part[256];
  while (std::fgets(part, sizeof part, pipe) != nullptr) output += part;
  EXPECT_EQ(::pclose(pipe), 0) << output;
  EXPECT_NE(output.find("\nexecuted\n"), std::string::npos) << output;
}

TEST(Processes, HasManyThreads) {
  constexpr int kThreads = 1000;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, 64 << 10);
  std::vector<pthread_t> threads;
  for (int i = 0; i < kThreads; ++i) {
    pthread_t thread;
    const auto body = [](void*) -> void* { return nullptr; };
    if (::pthread_create(&thread, &attributes, body, nullptr) != 0) break;
    threads.push_back(thread);
  }
  EXPECT_EQ(threads.size(), static_cast<std::size_t>(kThreads));
  for (const pthread_t thread : threads) ::pthread_join(thread, nullptr);
  ::pthread_attr_destroy(&attributes);
}

TEST(Processes, HasManyDescriptors) {
  rlimit limit;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 5000);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0) << Error();
  std::vector<int> fds;
  for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) fds.push_back(fd);
  EXPECT_EQ(errno, EMFILE) << Error();
  EXPECT_GT(fds.size(), limit.rlim_cur - 100);
  EXPECT_TRUE(false) << "told while there is no descriptor left";
  for (const int fd : fds) ::close(fd);
}

TEST(Processes, ChildEndsByALimit) {
  const int status = InChild([] {
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Write("habits-too-large", std::string(5000, 'x'));
    return 0;
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGXFSZ);
  ::unlink("habits-too-large");
}

TEST(Processes, LowersItsOwnPriority) {
  constexpr int kLowest = 19;  // the run itself may have it
  EXPECT_EQ(InChild([] { return ::setpriority(PRIO_PROCESS, 0, kLowest) == 0 ? 0 : errno; }), 0);
}

}  // namespace
}  // namespace habits
