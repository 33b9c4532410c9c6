// What a cell is, seen from inside. isolation_test.py runs this as root, as an
// ordinary user and from other directories; --testcell_jobs brings tests that
// claim the same thing together.
#include <dirent.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <mqueue.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <testcell/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

std::vector<std::string> List(const char* path) {
  std::vector<std::string> names;
  DIR* const directory = ::opendir(path);
  if (directory == nullptr) return {"cannot open " + std::string(path)};
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(directory);
  return names;
}

// Fails where another test, or the host, has made it before.
void Claim(const std::string& path) {
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0) << path << ": " << std::strerror(errno);
  ::close(fd);
}

void BindTcp(int family, std::uint16_t port) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  v6.sin6_addr = in6addr_loopback;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_v4 = family == AF_INET;
  const auto* const address =
      is_v4 ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
  const socklen_t size = is_v4 ? sizeof v4 : sizeof v6;
  ASSERT_EQ(::bind(fd, address, size), 0) << std::strerror(errno);
  ASSERT_EQ(::listen(fd, 1), 0);
  const int client = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(client, address, size), 0) << std::strerror(errno);
  ::close(client);
  ::close(fd);
}

// Both of a pair run at once, and each takes the same things.
void TakeEverything() {
  Claim("/tmp/claimed");
  Claim("/var/tmp/claimed");
  Claim("/dev/shm/claimed");
  Claim("/run/testcell-claimed");
  Claim("claimed-in-the-working-directory");
  BindTcp(AF_INET, 80);
  BindTcp(AF_INET6, 80);
  BindTcp(AF_INET, 1);
  EXPECT_GE(::shmget(0x1234, 4096, IPC_CREAT | IPC_EXCL | 0600), 0) << std::strerror(errno);
  EXPECT_GE(::shm_open("/testcell-shm", O_CREAT | O_EXCL | O_RDWR, 0600), 0);
  EXPECT_GE(::mq_open("/testcell-mq", O_CREAT | O_EXCL | O_RDWR, 0600, nullptr), 0)
      << std::strerror(errno);
}
TEST(Pair, TakesEverything) { TakeEverything(); }
TEST(Pair, TakesEverythingToo) { TakeEverything(); }

TEST(Processes, InitIsNotTheTest) {
  EXPECT_NE(::getpid(), 1);
  EXPECT_EQ(::getppid(), 1);
  std::vector<std::string> pids = List("/proc");
  pids.erase(std::remove_if(pids.begin(), pids.end(),
                            [](const std::string& name) {
                              return name.find_first_not_of("0123456789") != name.npos;
                            }),
             pids.end());
  EXPECT_LE(pids.size(), 3u) << "more than init, the test and a sanitizer's helper";
}

TEST(Files, PrivateDirectoriesAreEmpty) {
  for (const char* path : {"/tmp", "/var/tmp", "/dev/shm"}) {
    std::vector<std::string> names = List(path);
    // The driver's own directories, joined by ':'.
    const char* const through = std::getenv("BOUND_THROUGH");
    const std::string known = ":" + std::string(through == nullptr ? "" : through) + ":";
    const auto is_known = [&](const std::string& name) {
      return known.find(":" + name + ":") != std::string::npos;
    };
    names.erase(std::remove_if(names.begin(), names.end(), is_known), names.end());
    EXPECT_TRUE(names.empty()) << path << " holds " << names.size() << " entries";
  }
}

TEST(Files, SysShowsTheCellsInterfaces) {
  EXPECT_EQ(List("/sys/class/net"), std::vector<std::string>{"lo"});
  EXPECT_FALSE(List("/sys/fs/cgroup").empty());
}

// Each line: address, index, length of the prefix, scope, flags, name; in hexadecimal.
TEST(Addresses, CanBeBoundToFromTheStart) {
  std::ifstream lines("/proc/net/if_inet6");
  std::string address, name;
  unsigned index = 0, length = 0, scope = 0, flags = 0;
  lines >> std::hex;
  while (lines >> address >> index >> length >> scope >> flags >> name) {
    constexpr unsigned kLink = 0x20;
    // Of an address that the kernel need not look for elsewhere first.
    if (scope == kLink) {
      EXPECT_EQ(flags & IFA_F_NODAD, unsigned{IFA_F_NODAD}) << address;
    }
    EXPECT_EQ(flags & IFA_F_TENTATIVE, 0U) << address;
  }
}

TEST(Names, Resolve) {
  char own[65] = "";
  ASSERT_EQ(::gethostname(own, sizeof own), 0);
  EXPECT_STREQ(own, "cell");
  for (const char* name : {"localhost", static_cast<const char*>(own)}) {
    addrinfo* found = nullptr;
    EXPECT_EQ(::getaddrinfo(name, "80", nullptr, &found), 0) << name;
    if (found != nullptr) ::freeaddrinfo(found);
  }
}

TEST(Names, HostNameCanBeSet) { ASSERT_EQ(::sethostname("other", 5), 0) << std::strerror(errno); }

TEST(Mounts, StayInTheCell) {
  ASSERT_EQ(::mkdir("/tmp/mounted", 0700), 0);
  ASSERT_EQ(::mount("tmpfs", "/tmp/mounted", "tmpfs", 0, nullptr), 0) << std::strerror(errno);
}

TEST(Descriptors, AnExecutedProgramHasThreeOnly) {
  std::FILE* const pipe = ::popen("ls /proc/self/fd | wc -w", "r");
  int count = 0;
  ASSERT_EQ(std::fscanf(pipe, "%d", &count), 1);
  ::pclose(pipe);
  EXPECT_EQ(count, 4) << "0 to 2, and the one that ls reads the directory with";
}

TEST(Permissions, HoldForAnOrdinaryUser) {
  if (::geteuid() == 0) GTEST_SKIP() << "root passes over permissions";
  Claim("/tmp/unreadable");
  ASSERT_EQ(::chmod("/tmp/unreadable", 0), 0);
  EXPECT_LT(::open("/tmp/unreadable", O_RDONLY | O_CLOEXEC), 0);
}

class Small : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.tmp_size_bytes = 1 << 20;
    options.host_name = "small";
    options.binds.push_back({"/etc", "/tmp/etc-here", true});
    options.read_only.push_back("/usr");
    options.copy_on_write.push_back("/opt");
    options.cgroup_namespace = true;
    options.environment.emplace_back("TESTCELL_TRIED", "yes");
    options.environment.emplace_back("HOME", std::nullopt);
    options.limits.push_back({RLIMIT_CORE, 0, 0});
    return options;
  }
};

TEST_F(Small, TmpIsFull) {
  const std::string block(64 << 10, 'x');
  const int fd = ::open("/tmp/big", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ssize_t written = 0;
  for (int i = 0; i < 32 && written >= 0; ++i) written = ::write(fd, block.data(), block.size());
  EXPECT_LT(written, 0);
  EXPECT_EQ(errno, ENOSPC);
  ::close(fd);
}

TEST_F(Small, HasWhatItAskedFor) {
  char name[65] = "";
  ::gethostname(name, sizeof name);
  EXPECT_STREQ(name, "small");
  EXPECT_EQ(::access("/tmp/etc-here/hosts", R_OK), 0);
  EXPECT_NE(::open("/tmp/etc-here/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600), 0);
  EXPECT_EQ(::open("/usr/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600), -1);
  if (::geteuid() == 0) {
    EXPECT_EQ(errno, EROFS);
  }
  EXPECT_STREQ(std::getenv("TESTCELL_TRIED"), "yes");
  EXPECT_EQ(std::getenv("HOME"), nullptr);
  rlimit limit{};
  ::getrlimit(RLIMIT_CORE, &limit);
  EXPECT_EQ(limit.rlim_max, 0u);
}

class InUserNamespace : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.user_namespace = true;
    return options;
  }
};
TEST_F(InUserNamespace, TakesEverything) { TakeEverything(); }

}  // namespace
