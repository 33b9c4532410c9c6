// What Environments and suites set up: it is theirs, whoever comes after, and
// no leak once it was torn down.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "testcell/gtest.h"

namespace {

// Ends the process, or hangs, where SETUPS_END or SETUPS_HANG says so.
void Pass(const char* place) {
  const char* const end = ::getenv("SETUPS_END");
  if (end != nullptr && std::strcmp(end, place) == 0) ::_exit(7);
  const char* const hang = ::getenv("SETUPS_HANG");
  while (hang != nullptr && std::strcmp(hang, place) == 0) ::pause();
}

int Listen(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(fd, 1), 0);
  return fd;
}

int BindAbstract(const char* name) {
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path + 1, name);
  const std::size_t size = offsetof(sockaddr_un, sun_path) + 1 + std::strlen(name);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)), 0);
  return fd;
}

void WriteFile(const char* path) { ::close(::open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644)); }

class Environment : public testing::Environment {
 public:
  void SetUp() override {
    server_ = Listen(100);
    name_ = BindAbstract("environment");
    WriteFile("/tmp/environment");
    thread_ = std::thread([this] {
      char byte;
      EXPECT_EQ(::read(pipe_[0], &byte, 1), 1);
    });
  }
  void TearDown() override {
    EXPECT_EQ(::write(pipe_[1], "x", 1), 1);
    thread_.join();
    ::close(server_);
    ::close(name_);
    ::unlink("/tmp/environment");
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  Environment() { EXPECT_EQ(::pipe2(pipe_, O_CLOEXEC), 0); }

 private:
  int server_ = -1;
  int name_ = -1;
  int pipe_[2] = {-1, -1};
  std::thread thread_;
};

// In passing: nothing of it is left when the test begins.
class Passing : public testing::Environment {
  void SetUp() override {
    Pass("environment");
    ::close(Listen(101));
    WriteFile("/tmp/passing");
    ::unlink("/tmp/passing");
  }
  void TearDown() override { Pass("environment's end"); }
};

class Suite : public testing::Test {
 public:
  static void SetUpTestSuite() {
    Pass("suite");
    server_ = Listen(200);
    WriteFile("/tmp/suite");
  }
  static void TearDownTestSuite() {
    Pass("suite's end");
    ::close(server_);
    ::unlink("/tmp/suite");
    ::close(Listen(201));
  }

 private:
  static int server_;
};
int Suite::server_ = -1;

TEST_F(Suite, Uses) {
  Pass("test");
  ::close(Listen(300));
}
TEST_F(Suite, UsesTheSame) {
  ::close(Listen(300));
  ::unlink("/tmp/suite");
  WriteFile("/tmp/suite");
}

// What the set-up forgets is left in every cell.
class Forgetful : public testing::Test {
 public:
  static void SetUpTestSuite() {
    Listen(400);
    WriteFile("/tmp/forgotten");
  }
};
TEST_F(Forgetful, One) {}
TEST_F(Forgetful, Two) {}

// Without set-ups of its own.
TEST(Bare, Uses) { ::close(Listen(300)); }

}  // namespace

int main(int argc, char** argv) {
  testcell::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new Environment);
  testing::AddGlobalTestEnvironment(new Passing);
  return RUN_ALL_TESTS();
}
