// Tests that fail in a cell where there is something to see, and some that do not.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "testcell/gtest.h"

namespace {

void WriteFile(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

// Listens on port 80 for as long as this process lives, and talks to itself.
void Talk(const std::string& words) {
  const int server = ::socket(AF_INET, SOCK_STREAM, 0);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(80);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_EQ(::bind(server, name, sizeof address), 0);
  ASSERT_EQ(::listen(server, 1), 0);
  ASSERT_EQ(::connect(client, name, sizeof address), 0);
  const int accepted = ::accept(server, nullptr, nullptr);
  std::string heard(1 << 16, '\0');
  for (std::size_t sent = 0; sent < words.size();) {
    const ssize_t size = ::send(client, words.data() + sent,
                                std::min<std::size_t>(words.size() - sent, heard.size()), 0);
    ASSERT_GT(size, 0);
    ASSERT_EQ(::recv(accepted, heard.data(), static_cast<std::size_t>(size), MSG_WAITALL), size);
    sent += static_cast<std::size_t>(size);
  }
}

// A process that outlives the test, with this one's sockets.
void LeaveProcess() {
  if (::fork() != 0) return;
  ::execlp("sleep", "sleep", "1000", nullptr);
  ::_exit(1);
}

TEST(Fails, WithEverything) {
  std::printf("said on stdout\n");
  std::fprintf(stderr, "said on stderr\n");
  WriteFile("/tmp/state", "of the test");
  ::mkdir("/tmp/deep", 0755);
  ::mkdir("/tmp/empty", 0755);
  WriteFile("/tmp/deep/er", "below");
  ASSERT_EQ(::symlink("state", "/tmp/link"), 0);
  ASSERT_EQ(::mkfifo("/tmp/pipe", 0600), 0);
  WriteFile("/dev/shm/shared", "memory");
  WriteFile("notes.txt", "beside the program");
  ::unlink("old.txt");
  Talk("ping over lo");
  LeaveProcess();
  FAIL() << "for a reason";
}

TEST(Fails, WithMuch) {
  WriteFile("/tmp/first", "small");
  ASSERT_EQ(::mkdir("/tmp/second", 0755), 0);
  std::ofstream big("/tmp/second/big");
  const std::string part(1 << 20, 'x');
  for (int i = 0; i < 65; ++i) big << part;
  big.close();
  Talk(std::string(8 << 20, 'y'));
  FAIL();
}

TEST(Fails, ByCrashing) {
  std::printf("not long\n");
  std::fflush(stdout);
  WriteFile("/tmp/state", "before the crash");
  std::abort();
}

TEST(Fails, ByHanging) {
  LeaveProcess();
  for (;;) ::pause();
}

TEST(Fails, AtFirst) {
  std::ofstream("attempts", std::ios::app) << '.';
  EXPECT_GT(std::ifstream("attempts", std::ios::ate).tellg(), 1);
}

TEST(Leaves, AFile) { WriteFile("/tmp/left", "x"); }

TEST(Passes, WithFiles) {
  std::printf("said by one that passes\n");
  WriteFile("/tmp/state", "x");
  Talk("nobody listens");
}

TEST(Passes, AndCountsCaptures) {
  std::ifstream sockets("/proc/net/packet");
  int lines = -1;  // the first is a head
  for (std::string line; std::getline(sockets, line);) ++lines;
  std::printf("captures: %d\n", lines);
}

class Named : public ::testing::TestWithParam<int> {};
TEST_P(Named, Fails) { FAIL() << GetParam(); }
INSTANTIATE_TEST_SUITE_P(Some, Named, ::testing::Values(7));

class Many : public ::testing::TestWithParam<int> {};
TEST_P(Many, Fails) { FAIL() << GetParam(); }
INSTANTIATE_TEST_SUITE_P(So, Many, ::testing::Range(0, 10));

class HostNetwork : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.net = testcell::Network::kHost;
    return options;
  }
};
TEST_F(HostNetwork, Fails) { FAIL(); }

class Shared : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.suites = testcell::Suites::kShared;
    return options;
  }
};
TEST_F(Shared, Passes) { WriteFile("/tmp/first", "1"); }
TEST_F(Shared, Fails) { FAIL() << "the second"; }
TEST_F(Shared, PassesToo) { WriteFile("/tmp/third", "3"); }

}  // namespace
