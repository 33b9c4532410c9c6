#include "reuse_payload.h"

#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <future>
#include <iterator>
#include <thread>
#include <vector>

namespace reuse {
namespace {

// What a process of this user has by itself, as this program was started with it.
struct Inherited {
  rlimit files{};
  std::string cgroup = Read("/proc/self/cgroup");
  std::string oom = Read("/proc/self/oom_score_adj");
  mode_t mask = ::umask(0);
  int priority = ::getpriority(PRIO_PROCESS, 0);
  long io = ::syscall(SYS_ioprio_get, 1, 0);
  cpu_set_t processors{};
  std::string directory;

  Inherited() {
    ::umask(mask);
    ::getrlimit(RLIMIT_NOFILE, &files);
    ::sched_getaffinity(0, sizeof processors, &processors);
    char path[4096];
    directory = ::getcwd(path, sizeof path);
  }
};
const Inherited g_inherited;

// In the test process alone, whose parent is the cell's init: a thread as a library may
// have that goes on with its work in forked processes.
std::promise<void> g_test_ends;
std::thread g_helper;

void StartHelper() {
  if (::getppid() != 1) return;
  g_helper = std::thread([] { g_test_ends.get_future().wait(); });
}

[[maybe_unused]] const int g_registered =
    std::getenv("REUSE_THREADS") == nullptr ? 0 : ::pthread_atfork(nullptr, nullptr, StartHelper);

mode_t ModeOf(const char* path) {
  struct stat status {};
  EXPECT_EQ(::stat(path, &status), 0) << path << ": " << std::strerror(errno);
  return status.st_mode & 07777;
}

std::vector<std::string> Entries(const char* path) {
  std::vector<std::string> names;
  DIR* const directory = ::opendir(path);
  if (directory == nullptr) return names;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(directory);
  return names;
}

// What is there from the start, on the way to this program, or to nothing.
std::vector<std::string> Given(const std::string& path) {
  const char* const program = std::getenv("REUSE_PROGRAM");
  const std::string start = path + "/";
  const std::string name = program == nullptr ? "" : program;
  if (name.compare(0, start.size(), start) != 0) return {};
  return {name.substr(start.size(), name.find('/', start.size()) - start.size())};
}

void LookAtFiles() {
  for (const char* path : {"/tmp", "/dev/shm"}) {
    EXPECT_EQ(ModeOf(path), 01777U) << path;
    EXPECT_EQ(::listxattr(path, nullptr, 0), 0) << path;
    EXPECT_EQ(Entries(path), Given(path)) << path;
    struct stat status {};
    ASSERT_EQ(::stat(path, &status), 0);
    // Nothing has come or gone since it was made.
    EXPECT_EQ(status.st_mtim.tv_sec, status.st_ctim.tv_sec) << path;
    EXPECT_EQ(status.st_mtim.tv_nsec, status.st_ctim.tv_nsec) << path;
  }
  EXPECT_EQ(Read("/etc/hosts").find("trace"), std::string::npos);
  EXPECT_NE(::access("made_by_a_test", F_OK), 0);
  EXPECT_EQ(Read("given"), "as it was\n");
  EXPECT_EQ(ModeOf("/dev/mqueue"), 01777U);
  EXPECT_EQ(ModeOf("/proc/net/tcp"), 0444U);
  EXPECT_EQ(ModeOf("/sys/class/net/lo/mtu"), 0644U);
}

int BoundTo(int type) {
  const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(kPort);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0)
      << std::strerror(errno);
  return fd;
}

void LookAtNetwork() {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) ::close(BoundTo(type));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path + 1, "trace", 5);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&name), offsetof(sockaddr_un, sun_path) + 6), 0)
      << std::strerror(errno);
  ::close(fd);
  const std::string devices = Read("/proc/net/dev");
  EXPECT_NE(devices.find("    lo:       0       0 "), std::string::npos) << devices;
  const std::string labels = Read("/proc/net/ip6_flowlabel");
  EXPECT_LE(labels.find('\n'), labels.size() - 1) << labels;
  EXPECT_EQ(Read("/proc/sys/net/ipv4/ip_default_ttl"), "64\n");
  char host[65];
  EXPECT_EQ(::gethostname(host, sizeof host), 0);
  EXPECT_STREQ(host, "cell");
}

void LookAtObjects() {
  EXPECT_EQ(::shmget(kKey, 0, 0), -1);
  EXPECT_EQ(::semget(kKey, 0, 0), -1);
  EXPECT_EQ(::msgget(kKey, 0), -1);
  EXPECT_EQ(::mq_open("/trace", O_RDONLY), static_cast<mqd_t>(-1));
}

void LookAtProcesses() {
  std::vector<std::string> others;
  for (const std::string& name : Entries("/proc")) {
    if (std::isdigit(static_cast<unsigned char>(name[0])) == 0) continue;
    if (name == "1" || name == std::to_string(::getpid())) continue;
    // Of a program that does not know of cells.
    if (name != std::to_string(::getppid())) others.push_back(name);
  }
  EXPECT_EQ(others, std::vector<std::string>());
  for (const pid_t pid : {0, 1}) {
    rlimit files{};
    EXPECT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &files), 0) << std::strerror(errno);
    EXPECT_EQ(files.rlim_cur, g_inherited.files.rlim_cur);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(pid)), g_inherited.priority);
    EXPECT_EQ(::syscall(SYS_ioprio_get, 1, pid), g_inherited.io);
    cpu_set_t processors;
    EXPECT_EQ(::sched_getaffinity(pid, sizeof processors, &processors), 0);
    EXPECT_TRUE(CPU_EQUAL(&processors, &g_inherited.processors));
    const std::string process = "/proc/" + (pid == 0 ? "self" : std::to_string(pid));
    EXPECT_EQ(Read(process + "/cgroup"), g_inherited.cgroup);
    EXPECT_EQ(Read(process + "/oom_score_adj"), g_inherited.oom);
  }
  const std::string group = Read("/proc/self/autogroup");
  if (!group.empty()) {
    EXPECT_NE(group.find(" nice 0\n"), std::string::npos) << group;
  }
  sigset_t pending;
  EXPECT_EQ(::sigpending(&pending), 0);
  for (int signal = 1; signal < SIGRTMAX; ++signal) EXPECT_NE(::sigismember(&pending, signal), 1);
}

void LookAtProcess() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  EXPECT_EQ(mask, g_inherited.mask);
  EXPECT_EQ(std::getenv("TRACE"), nullptr);
  char path[4096];
  EXPECT_STREQ(::getcwd(path, sizeof path), g_inherited.directory.c_str());
  EXPECT_EQ(::fcntl(STDOUT_FILENO, F_GETFL) & (O_NONBLOCK | O_APPEND | O_ASYNC), 0);
  EXPECT_EQ(::alarm(0), 0U);
  const std::string status = Read("/proc/self/status");
  for (const char* set : {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"}) {
    EXPECT_NE(status.find(std::string(set) + "\t0000000000000000"), std::string::npos) << status;
  }
}

// Of the cell: no two network namespaces have the same, ever.
std::string CellName() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  EXPECT_EQ(::getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size), 0)
      << std::strerror(errno);
  ::close(fd);
  return std::to_string(cookie);
}

}  // namespace

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool Write(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  ::close(fd);
  errno = error;
  return written;
}

void Reuse::SetUp() {
  RecordProperty("cell", CellName());
  LookAtFiles();
  LookAtNetwork();
  LookAtObjects();
  LookAtProcesses();
  LookAtProcess();
}

void Reuse::TearDown() {
  if (!g_helper.joinable()) return;
  g_test_ends.set_value();
  g_helper.join();
}

}  // namespace reuse
