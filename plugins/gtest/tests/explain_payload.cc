// Tests that depend on others, or on the host, each in a way of its own.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <testcell/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

int g_made = 0;
int g_halves = 0;
int g_broken = 0;
bool g_set = false;

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Needs
TEST(Needs, Passes) {}
TEST(Needs, Makes) { g_made = 42; }
TEST(Needs, Other) {}
TEST(Needs, What) {
  std::printf("made is %d\n", g_made);
  EXPECT_EQ(g_made, 42) << "nobody has made it";
}
TEST(NeedsFar, What) { EXPECT_EQ(g_made, 42); }
TEST(LeavesFile, OfTests) { std::ofstream("/tmp/explain_left") << "left"; }
TEST(NeedsFile, What) { EXPECT_EQ(::access("/tmp/explain_left", F_OK), 0); }

class Many : public ::testing::Test {
 public:
  explicit Many(int number) : number_(number) {}

 private:
  void TestBody() override {
    if (number_ == 17 || number_ == 230) ++g_halves;
    if (number_ == 60) g_broken |= 1;
    if (number_ == 61) g_broken |= 2;
    if (number_ == 150) g_set = true;
  }

  int number_;
};
const bool kRegistered = [] {
  for (int i = 0; i < 300; ++i) {
    ::testing::RegisterTest("Many", ("Test" + std::to_string(i)).c_str(), nullptr, nullptr,
                            __FILE__, __LINE__, [i]() -> ::testing::Test* { return new Many(i); });
  }
  return true;
}();

TEST(NeedsTwo, OfMany) { EXPECT_EQ(g_halves, 2); }

// Broken
TEST(Broken, ByOne) { EXPECT_FALSE(g_set) << "somebody has set it"; }
TEST(Broken, ByTwoTogether) { EXPECT_NE(g_broken, 3); }
TEST(Broken, Crashes) {
  if (g_set) std::abort();
}
TEST(Broken, Hangs) {
  while (g_set) ::pause();
}
TEST(Broken, Skips) {
  if (g_set) GTEST_SKIP() << "set by somebody";
}
TEST(SkipsAlone, What) {
  if (!g_set) GTEST_SKIP() << "not set by anybody";
}

// The host
TEST(Host, File) {
  std::ifstream file(Variable("EXPLAIN_FILE"));
  std::string word;
  EXPECT_TRUE(file >> word) << "no " << Variable("EXPLAIN_FILE");
}
TEST(Host, WrittenFile) {
  std::fstream file(Variable("EXPLAIN_FILE"), std::ios::in | std::ios::out);
  EXPECT_TRUE(file << "written");
}

bool Connects(const sockaddr* address, socklen_t size) {
  const int fd = ::socket(address->sa_family, SOCK_STREAM, 0);
  const bool connected = ::connect(fd, address, size) == 0;
  ::close(fd);
  return connected;
}
bool ConnectsTcp() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(Variable("EXPLAIN_PORT").c_str())));
  return Connects(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}
TEST(Host, Tcp) { EXPECT_TRUE(ConnectsTcp()); }
TEST(Host, AbstractUnix) {
  const std::string name = Variable("EXPLAIN_NAME");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  EXPECT_TRUE(Connects(reinterpret_cast<const sockaddr*>(&address),
                       static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())));
}
TEST(Host, TcpAndFile) {
  EXPECT_TRUE(ConnectsTcp());
  EXPECT_EQ(::access(Variable("EXPLAIN_FILE").c_str(), F_OK), 0);
}
TEST(Host, TcpAndTest) {
  EXPECT_TRUE(ConnectsTcp());
  EXPECT_EQ(g_made, 42);
}
TEST(Host, Name) {
  char name[256] = "";
  ::gethostname(name, sizeof name);
  EXPECT_EQ(name, Variable("EXPLAIN_HOST"));
}

TEST(Host, Processes) { EXPECT_NE(::getppid(), 1) << "this is a cell"; }

// Neither
TEST(Alone, Passes) { EXPECT_TRUE(kRegistered); }
TEST(Always, Fails) { FAIL() << "as ever"; }
TEST(Always, Skips) { GTEST_SKIP() << "as ever"; }
TEST(DISABLED_Off, Passes) {}
TEST(Flaky, ByCounter) {
  const std::string path = Variable("EXPLAIN_COUNTER");
  int count = 0;
  std::ifstream(path) >> count;
  std::ofstream(path) << count + 1;
  EXPECT_EQ(count % 2, 0);
}

// Ends
TEST(Ends, Sets) { g_made = 42; }
TEST(Ends, ByCrash) {
  if (!Variable("EXPLAIN_ENDS").empty()) std::abort();
}
TEST(Ends, ByExit) {
  if (!Variable("EXPLAIN_ENDS").empty()) std::exit(0);
}
TEST(Ends, Never) {
  while (!Variable("EXPLAIN_ENDS").empty()) ::pause();
}
TEST(Ends, NeedsWhatIsBefore) { EXPECT_EQ(g_made, 42); }
TEST(Ends, Fine) {}

}  // namespace
