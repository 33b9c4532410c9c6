// Tests of which no two can run at once without cells.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

class Claims : public ::testing::TestWithParam<int> {};

TEST_P(Claims, InTurn) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(80);
  ASSERT_EQ(::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(server, 1), 0);
  ASSERT_GE(::open("/tmp/discovered-claim", O_CREAT | O_EXCL | O_CLOEXEC, 0644), 0);
}

INSTANTIATE_TEST_SUITE_P(, Claims, ::testing::Range(0, 20));

}  // namespace
