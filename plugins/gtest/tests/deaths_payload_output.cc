// Tests that do harm to descriptors, to output and to their children.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>

#include "deaths_payload.h"
#include "testcell/gtest.h"
#include "testcell/internal/supervisor.h"

namespace {

constexpr int kHighest = 2048;

void CloseFrom(int lowest) {
  for (int fd = lowest; fd < kHighest; ++fd) ::close(fd);
}

TEST(Closes, AllFrom0AndPasses) { CloseFrom(0); }
TEST(Closes, AllFrom3AndPasses) { CloseFrom(3); }
TEST(Closes, AllFrom0AndFails) {
  EXPECT_EQ(1, 2) << "before";
  CloseFrom(0);
  EXPECT_EQ(3, 4) << "after";
}
TEST(Closes, AllFrom3AndFails) {
  CloseFrom(3);
  std::puts("still printed");
  EXPECT_EQ(3, 4) << "after";
}
TEST(Closes, AllFrom0AndCrashes) {
  EXPECT_EQ(1, 2) << "before";
  CloseFrom(0);
  std::abort();
}
TEST(Closes, AllFrom0AndLoses) {
  CloseFrom(0);
  ADD_FAILURE() << std::string(3 << 20, 'x');  // more than fits without a pipe
}
TEST(Closes, AllAndReusesTheNumbers) {
  CloseFrom(0);
  while (::open("/dev/null", O_RDWR) >= 0 && ::dup(0) < 1000) continue;
  ADD_FAILURE() << "after";
}

TEST(Writes, GarbageEverywhere) {
  std::minstd_rand random(1);
  std::string garbage(1000, '\0');
  for (char& byte : garbage) byte = static_cast<char>(random());
  garbage += std::string("TECL\1\0\0\0", 8);  // as a frame of ours begins
  for (int fd = 0; fd < kHighest; ++fd) {
    if (::write(fd, garbage.data(), garbage.size()) < 0) continue;
  }
  EXPECT_EQ(1, 2) << "after the garbage";
}

TEST(Writes, OverHighDescriptors) {
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 3; fd < 1024; ++fd) {
    if (fd != null) ::dup2(null, fd);
  }
  EXPECT_EQ(1, 2) << "after dup2";
}

TEST(Limits, FewDescriptors) {
  const rlimit few{4, 4};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_EQ(1, 2) << "with few descriptors";
}

TEST(Limits, NoStack) {
  const rlimit none{1 << 20, 1 << 20};
  ASSERT_EQ(::setrlimit(RLIMIT_DATA, &none), 0);
}

void AwaitChild(pid_t child) {
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(Fork, ChildFailsAndDoesNotCount) {
  const pid_t child = ::fork();
  if (child == 0) {
    ADD_FAILURE() << "of the child";
    ::_exit(0);
  }
  AwaitChild(child);
}

TEST(Fork, ChildReturnsFromTheBody) {
  const pid_t child = ::fork();
  if (child == 0) return;
  AwaitChild(child);
}

TEST(Fork, ChildReturnsAfterItsParent) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  if (::fork() == 0) {
    ::close(pipe[1]);
    char byte;
    if (::read(pipe[0], &byte, 1) != 0) ::abort();  // ends with the parent
  }
}

TEST(Fork, ChildExitsThroughHandlers) {
  const pid_t child = ::fork();
  if (child == 0) std::exit(0);
  AwaitChild(child);
}

void Daemonize() {
  if (::fork() != 0) ::_exit(0);
  ::setsid();
  for (const int signal : {SIGTERM, SIGHUP, SIGINT, SIGPIPE}) ::signal(signal, SIG_IGN);
}

TEST(Leaves, DaemonThatHoldsTheOutput) {
  const pid_t child = ::fork();
  if (child == 0) {
    Daemonize();
    for (;;) ::pause();
  }
  AwaitChild(child);
}

TEST(Leaves, WriterThatNeverStops) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    Daemonize();
    const std::string line(1000, 'y');
    for (long i = 0;; ++i) {
      if (::write(1, line.data(), line.size()) < 0) continue;
      if (i == 100 && ::write(pipe[1], "x", 1) != 1) ::abort();
    }
  }
  AwaitChild(child);
  char byte;
  EXPECT_EQ(::read(pipe[0], &byte, 1), 1);
}

TEST(Leaves, ManyKindsOfThings) {
  for (const char* directory : {"/tmp", "/var/tmp", "/dev/shm", "."}) {
    std::ofstream(std::string(directory) + "/testcell_deaths_left") << "left";
  }
  EXPECT_GE(::shmget(0x7e57de, 4096, IPC_CREAT | 0600), 0);
  EXPECT_GE(::shm_open("/testcell_deaths_shm", O_CREAT | O_RDWR, 0600), 0);
  EXPECT_GE(::mq_open("/testcell_deaths_mq", O_CREAT | O_RDWR, 0600, nullptr), 0);
  EXPECT_EQ(::mount("none", "/var/tmp", "tmpfs", 0, nullptr), 0) << std::strerror(errno);
}

TEST(Forks, ManyProcesses) {
  for (int i = 0; i < 9; ++i) {
    if (::fork() < 0) break;  // 512 of them, and every one stays
  }
  if (testcell::internal::TestProcess::Current()->IsOriginal()) return;
  ::setpgid(0, 0);
  for (;;) ::pause();
}

TEST(Child, IgnoresSigchld) {
  ::signal(SIGCHLD, SIG_IGN);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  EXPECT_EQ(::waitpid(child, nullptr, 0), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Child, IsWaitedFor) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  AwaitChild(child);
}

// The first one's turn in the replay comes before the second one's.
struct Output : testcell::Test {
  static testcell::Options CellOptions() { return deaths::WithSharedDirectory(); }
  static void Write100Megabytes() {
    const std::string line = std::string(999, 'o') + "\n";
    for (int i = 0; i < 100 * 1000; ++i) std::fputs(line.c_str(), stdout);
  }
};
TEST_F(Output, OfOneAtItsTurn) { Write100Megabytes(); }
TEST_F(Output, WaitsForTheNext) { deaths::AwaitPipe("written"); }
TEST_F(Output, OfOneBeforeItsTurn) {
  Write100Megabytes();
  deaths::TellPipe("written");
}

struct OutputOfFailure : Output {};
TEST_F(OutputOfFailure, OfOneAtItsTurn) {
  Write100Megabytes();
  ADD_FAILURE() << "after its output";
}

struct OutputOfTearDown : Output {
  static void TearDownTestSuite() { Write100Megabytes(); }
};
TEST_F(OutputOfTearDown, One) {}
TEST_F(OutputOfTearDown, Two) {}

struct SmallTmp : testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.tmp_size_bytes = 1 << 20;
    return options;
  }
};
void Fill(const char* path) {
  const int fd = ::open(path, O_CREAT | O_WRONLY, 0600);
  ASSERT_GE(fd, 0);
  const std::string block(1 << 16, 'b');
  for (int i = 0; i < 100; ++i) {
    ASSERT_GE(::write(fd, block.data(), block.size()), 0) << std::strerror(errno);
  }
}
TEST_F(SmallTmp, IsFilled) { Fill("/tmp/big"); }
TEST_F(SmallTmp, IsFilledByTheWorkingDirectory) { Fill("big"); }
TEST_F(SmallTmp, IsFilledByAMapping) {
  const int fd = ::open("/tmp/big", O_CREAT | O_RDWR, 0600);
  ASSERT_EQ(::ftruncate(fd, 4 << 20), 0);
  void* const memory = ::mmap(nullptr, 4 << 20, PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 'b', 4 << 20);
}
TEST_F(SmallTmp, HoldsWhatFits) { EXPECT_EQ(1, 2) << "for another reason"; }

struct SmallTmpThatIsCleaned : SmallTmp {
  void TearDown() override { ::unlink("/tmp/big"); }
};
TEST_F(SmallTmpThatIsCleaned, IsFilled) { Fill("/tmp/big"); }

struct SmallShm : testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.shm_size_bytes = 128 << 10;
    return options;
  }
};
TEST_F(SmallShm, IsFilled) { Fill("/dev/shm/big"); }

}  // namespace
