// Lesson 8: what takes time runs side by side.
//
// Forty tests serve on 0.0.0.0:80 for a tenth of a second each and write the
// same file, created anew with the "x" that fails if it is there. One after
// the other they need four seconds; compare for yourself:
//
//   sample_08_forty_servers --testcell_jobs=1
//   sample_08_forty_servers --testcell_jobs=8
//
// More jobs than processors pay off wherever tests wait more than they compute.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "support/tcp_client.h"

namespace {

constexpr int kServedMs = 100;

class FortyServers : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(80);
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    ASSERT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
        << "cannot bind port 80: " << std::strerror(errno);
    ASSERT_EQ(listen(listener_, 1), 0) << std::strerror(errno);
  }
  void TearDown() override { close(listener_); }

  int listener_ = -1;
};

TEST_P(FortyServers, ServeAtOnceAndWriteTheSameFile) {
  constexpr char kState[] = "/tmp/state";
  std::FILE* const state = std::fopen(kState, "wx");
  ASSERT_NE(state, nullptr) << kState << ": " << std::strerror(errno);
  std::fprintf(state, "%d\n", GetParam());
  std::fclose(state);

  TcpClient client(80);
  const int connection = accept(listener_, nullptr, nullptr);
  const std::string line = std::to_string(GetParam()) + "\n";
  EXPECT_EQ(write(connection, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  EXPECT_EQ(client.ReadLine(), std::to_string(GetParam())) << "another test's server answered";

  // The work that this server stands for. Nobody else can connect meanwhile.
  pollfd next = {listener_, POLLIN, 0};
  EXPECT_EQ(poll(&next, 1, kServedMs), 0);

  close(connection);
  std::remove(kState);
}

INSTANTIATE_TEST_SUITE_P(All, FortyServers, ::testing::Range(0, 40));

}  // namespace
