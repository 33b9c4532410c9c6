// Lesson 1: every test case has all ports to itself.
//
// The three tests serve on the same port, 80, at the same time, and none looks
// for a free one: each runs in a cell with a network of its own. A port below
// 1024 needs no root there, and nothing outside can connect to it.
//
// Nothing in a test says so. Linking testcell::gtest_main in place of
// GTest::gtest_main is all there is to do:
//
//   target_link_libraries(my_test PRIVATE testcell::gtest_main)
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "support/tcp_client.h"

namespace {

// Says one line to one client, as a server would. SO_REUSEADDR is not needed:
// no earlier test can have left a connection of its own on this port.
void ServeOnPort80(const std::string& greeting) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(80);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0)
      << "cannot bind port 80: " << std::strerror(errno);
  ASSERT_EQ(listen(listener, 1), 0) << std::strerror(errno);

  TcpClient client(80);
  const int connection = accept(listener, nullptr, nullptr);
  const std::string line = greeting + "\n";
  ASSERT_EQ(write(connection, line.data(), line.size()), static_cast<ssize_t>(line.size()));
  EXPECT_EQ(client.ReadLine(), greeting) << "the client has reached another test's server";

  close(connection);
  close(listener);
}

TEST(PrivatePort, ServesOnPort80) { ServeOnPort80("first"); }

TEST(PrivatePort, ServesOnTheSamePort) { ServeOnPort80("second"); }

TEST(PrivatePort, ServesOnTheSamePortAgain) { ServeOnPort80("third"); }

}  // namespace
