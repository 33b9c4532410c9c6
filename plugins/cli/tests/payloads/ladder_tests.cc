// What ladder_test.py runs where the host refuses parts of a cell: each test says
// what of its surroundings is its own.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <testcell/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>

namespace {

std::string Link(const std::string& path) {
  char target[256];
  const ssize_t size = ::readlink(path.c_str(), target, sizeof target);
  return size < 0 ? std::string() : std::string(target, static_cast<std::size_t>(size));
}

std::map<std::string, std::string> Namespaces() {
  std::map<std::string, std::string> links;
  for (const char* kind : {"ipc", "mnt", "net", "pid", "uts"}) {
    links[kind] = Link(std::string("/proc/self/ns/") + kind);
  }
  return links;
}

// Of the program, before any cell.
const std::map<std::string, std::string> kOutside = Namespaces();

// "mnt net pid proc": what is not the host's.
std::string OwnParts() {
  std::string text;
  for (const auto& entry : Namespaces()) {
    if (entry.second != kOutside.at(entry.first)) text += entry.first + " ";
  }
  const bool pids = text.find("pid") != std::string::npos;
  if (pids && Link("/proc/self") == std::to_string(::getpid())) text += "proc ";
  return text;
}

void Record() { ::testing::Test::RecordProperty("own", OwnParts()); }

TEST(Plain, Passes) { Record(); }
TEST(Plain, PassesToo) { Record(); }
TEST(Plain, Fails) { FAIL() << "by its own fault"; }
TEST(Plain, Crashes) { ::abort(); }

// A grandchild in a session of its own, which nothing but init knows of.
void Detach() {
  int executed[2];  // at its end when the program is
  ASSERT_EQ(::pipe2(executed, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child != 0) {
    char byte;
    ::close(executed[1]);
    ::waitpid(child, nullptr, 0);
    EXPECT_EQ(::read(executed[0], &byte, 1), 0);
    ::close(executed[0]);
    return;
  }
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  ::execlp("sleep", "sleep", std::getenv("LADDER_SLEEP"), nullptr);
  ::_exit(127);
}

TEST(Detached, IsLeft) { Detach(); }
TEST(Detached, AndTheTestHangs) {
  Detach();
  for (;;) ::pause();
}
TEST(Detached, AndTheTestDies) {
  Detach();
  ::raise(SIGKILL);
}
// Its whole group: not the process that watches it.
TEST(Signals, ReachTheGroup) { ::kill(0, SIGKILL); }

class Marked : public testcell::Test {};
TEST_F(Marked, Runs) { Record(); }

template <int kWhich>
struct Needs : ::testing::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    switch (kWhich) {
      case 0:
        options.net = testcell::Network::kPrivate;
        break;
      case 1:
        options.needs = {testcell::Part::kIpc};
        break;
      case 2:
        options.read_only = {"/usr"};
        break;
      case 3:
        options.copy_on_write = {"/var"};
        break;
      case 4:
        options.host_name = "db1";
        break;
      default:
        options.cgroup_namespace = true;
        break;
    }
    return options;
  }
};
using NeedsNetwork = Needs<0>;
using NeedsIpc = Needs<1>;
using NeedsReadOnly = Needs<2>;
using NeedsCopyOnWrite = Needs<3>;
using NeedsHostName = Needs<4>;
using NeedsCgroups = Needs<5>;
TEST_F(NeedsNetwork, Runs) { Record(); }
TEST_F(NeedsIpc, Runs) { Record(); }
TEST_F(NeedsReadOnly, Runs) { EXPECT_NE(::access("/usr", W_OK), 0); }
TEST_F(NeedsCopyOnWrite, Runs) { Record(); }
TEST_F(NeedsHostName, Runs) { Record(); }
TEST_F(NeedsCgroups, Runs) { Record(); }

// A suite that is set up in its cell and shares it.
class SharedCell : public ::testing::Test {
 public:
  static void SetUpTestSuite() { Record(); }
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.suites = testcell::Suites::kShared;
    options.net = testcell::Network::kPrivate;
    return options;
  }
};
TEST_F(SharedCell, First) {}
TEST_F(SharedCell, Second) {}

}  // namespace
