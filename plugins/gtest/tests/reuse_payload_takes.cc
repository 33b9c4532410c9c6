// Tests that leave nothing: what they do ends with their process, or is refused to who has
// no capabilities. Others may have their cell, and must not notice.
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "reuse_payload.h"

namespace {

class Takes : public reuse::Reuse {};
class IsRefused : public reuse::Reuse {};
class Follows : public reuse::Reuse {};

TEST_F(Takes, Nothing) {}

TEST_F(Takes, SettingsOfItsOwn) {
  ::umask(0777);
  ASSERT_EQ(::chdir("/"), 0);
  ASSERT_EQ(::setenv("TRACE", "x", 1), 0);
  constexpr int kLowest = 19;  // which a run of any priority may go down to
  ASSERT_EQ(::setpriority(PRIO_PROCESS, 0, kLowest), 0);
  const rlimit files{32, 32};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
  ::personality(ADDR_NO_RANDOMIZE);
  ::prctl(PR_SET_NAME, "trace");
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(::sched_getcpu(), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
}

TEST_F(Takes, TheScheduleOfItsSession) {
  if (!reuse::Read("/proc/self/autogroup").empty() && !reuse::Write("/proc/self/autogroup", "10")) {
    // EAGAIN: one a tenth of a second, of all whom the kernel does not trust.
    ASSERT_TRUE(errno == EROFS || errno == EAGAIN) << errno;
  }
}

TEST_F(Takes, FlagsOfItsOutput) { ASSERT_EQ(::fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK), 0); }

TEST_F(Takes, Timers) {
  ::alarm(100);
  const itimerval timer{{100, 0}, {100, 0}};
  ASSERT_EQ(::setitimer(ITIMER_VIRTUAL, &timer, nullptr), 0);
  ASSERT_GE(::timerfd_create(CLOCK_MONOTONIC, 0), 0);
}

TEST_F(Takes, WatchesAndLocks) {
  const int watch = ::inotify_init1(0);
  ASSERT_GE(watch, 0);
  ASSERT_GE(::inotify_add_watch(watch, "/tmp", IN_ALL_EVENTS), 0);
  const int fd = ::open("given", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
}

TEST_F(Takes, MemoryThatIsSharedWithNobody) {
  const int id = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  ASSERT_GE(id, 0);
  ASSERT_NE(::shmat(id, nullptr, 0), reinterpret_cast<void*>(-1));
  ASSERT_EQ(::shmctl(id, IPC_RMID, nullptr), 0);
  ASSERT_GE(::memfd_create("trace", 0), 0);
}

TEST_F(Takes, KeysOfItsOwn) {
  const long key = ::syscall(SYS_add_key, "user", "trace", "x", 1, KEY_SPEC_PROCESS_KEYRING);
  if (key < 0) {
    ASSERT_TRUE(errno == ENOSYS || errno == EPERM) << std::strerror(errno);
  }
}

TEST_F(Takes, PortsAndNames) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(reuse::kPort);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    if (type == SOCK_STREAM) {
      ASSERT_EQ(::listen(fd, 1), 0);
    }
  }
}

TEST_F(Takes, ALowPort) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(80);
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
      << std::strerror(errno);
}

void Send(int through, int fd) {
  char byte = 'x';
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  ASSERT_EQ(::sendmsg(through, &message, 0), 1);
}

// Each socket waits in its own queue: nobody has it, and it is there until the kernel
// comes to look for such.
TEST_F(Takes, NamesInFlight) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path + 1, "trace", 5);
  const socklen_t size = offsetof(sockaddr_un, sun_path) + 6;
  ASSERT_EQ(::bind(pair[0], reinterpret_cast<sockaddr*>(&name), size), 0);
  Send(pair[0], pair[1]);
  Send(pair[1], pair[0]);
}

TEST_F(Takes, NamespacesOfItsOwn) {
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0) {
    return;  // the host allows none
  }
  ASSERT_EQ(::sethostname("trace", 5), 0) << std::strerror(errno);
  ASSERT_EQ(::mount("none", "/tmp", "tmpfs", 0, nullptr), 0) << std::strerror(errno);
  // The cell's own settings show there, too, and stay out of reach.
  EXPECT_FALSE(reuse::Write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "5") &&
               ::getuid() == 0);
  EXPECT_FALSE(::mount("proc", "/proc", "proc", 0, nullptr) == 0);
}

TEST_F(Takes, ThreadsAndChildren) {
  std::thread([] {}).join();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST_F(IsRefused, TheHostsName) { ASSERT_EQ(::sethostname("trace", 5), -1); }

TEST_F(IsRefused, AMount) { ASSERT_EQ(::mount("none", "/tmp", "tmpfs", 0, nullptr), -1); }

TEST_F(IsRefused, TheSettingsOfTheNetwork) {
  EXPECT_FALSE(reuse::Write("/proc/sys/net/ipv4/ip_default_ttl", "5"));
  EXPECT_FALSE(reuse::Write("/proc/sys/net/ipv4/ip_unprivileged_port_start", "5"));
  EXPECT_FALSE(reuse::Write("/proc/sys/kernel/shmmax", "5"));
  EXPECT_FALSE(reuse::Write("/proc/sys/kernel/hostname", "trace"));
  EXPECT_FALSE(reuse::Write("/proc/sys/kernel/ns_last_pid", "5000"));
}

TEST_F(IsRefused, TheRightsOfWhatTheKernelShows) {
  EXPECT_EQ(::chmod("/proc/net/tcp", 0), -1);
  EXPECT_EQ(::chmod("/proc/sys/net/ipv4/ip_default_ttl", 0), -1);
  EXPECT_EQ(::chmod("/sys/class/net/lo/mtu", 0), -1);
  EXPECT_FALSE(reuse::Write("/sys/class/net/lo/mtu", "1000"));
}

TEST_F(IsRefused, Init) {
  for (const char* name : {"oom_score_adj", "autogroup", "coredump_filter", "mem", "comm"}) {
    EXPECT_FALSE(reuse::Write(std::string("/proc/1/") + name, "1")) << name;
  }
  EXPECT_EQ(::ptrace(PTRACE_SEIZE, 1, nullptr, nullptr), -1);
  const int init = static_cast<int>(::syscall(SYS_pidfd_open, 1, 0));
  for (int fd = 0; init >= 0 && fd < 32; ++fd) {
    EXPECT_EQ(::syscall(SYS_pidfd_getfd, init, fd, 0), -1);
  }
  ::kill(1, SIGKILL);
  ::kill(1, SIGSTOP);
}

// It has capabilities that the test has not.
TEST_F(IsRefused, TheSchedulingOfInit) {
  EXPECT_EQ(::setpriority(PRIO_PROCESS, 1, 7), -1);
  EXPECT_EQ(::setpriority(PRIO_USER, ::getuid(), 6), -1);
  constexpr int kIdle = 3 << 13;  // IOPRIO_CLASS_IDLE
  EXPECT_EQ(::syscall(SYS_ioprio_set, 1, 1, kIdle), -1);
  const sched_param none{};
  EXPECT_EQ(::sched_setscheduler(1, SCHED_BATCH, &none), -1);
  cpu_set_t all;
  EXPECT_EQ(::sched_getaffinity(1, sizeof all, &all), 0);
  EXPECT_EQ(::sched_setaffinity(1, sizeof all, &all), -1);
}

TEST_F(IsRefused, ToGainCapabilities) {
  EXPECT_EQ(::setuid(::getuid() + 1), -1);
  EXPECT_EQ(::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
  std::FILE* const pipe = ::popen("grep -E 'Cap(Prm|Eff):' /proc/self/status", "r");
  ASSERT_NE(pipe, nullptr);
  char text[256] = {};
  const std::size_t size = std::fread(text, 1, sizeof text - 1, pipe);
  ::pclose(pipe);
  ASSERT_GT(size, 0U);
  EXPECT_STREQ(text, "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n");
}

TEST_F(Follows, First) {}
TEST_F(Follows, Second) {}
TEST_F(Follows, Third) {}

}  // namespace
