// Lesson 3: every test case has a host name of its own, which resolves to its
// own loopback address and which it may change.
//
// This is also how a test says what its cell is to be like: a fixture's static
// CellOptions() sets the options of its suite. All of them, with what they
// mean, are in testcell/options.h.
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "testcell/gtest.h"

namespace {

class DatabaseHost : public testing::Test {
 protected:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.host_name = "db1";
    return options;
  }

  static std::string HostName() {
    std::array<char, 65> name = {};
    gethostname(name.data(), name.size());
    return name.data();
  }
};

TEST_F(DatabaseHost, HasTheNameThatItsOptionsSay) { EXPECT_EQ(HostName(), "db1"); }

TEST_F(DatabaseHost, ResolvesItsOwnName) {
  addrinfo hints = {};
  hints.ai_family = AF_INET;
  addrinfo* found = nullptr;
  ASSERT_EQ(getaddrinfo("db1", nullptr, &hints, &found), 0);
  const auto* address = reinterpret_cast<const sockaddr_in*>(found->ai_addr);
  EXPECT_EQ(ntohl(address->sin_addr.s_addr) >> 24, 127U) << "not a loopback address";
  freeaddrinfo(found);
}

// No root needed: the name belongs to the cell's UTS namespace, and so does
// the right to set it.
TEST_F(DatabaseHost, MayBecomeAnother) {
  ASSERT_EQ(sethostname("db2", 3), 0) << std::strerror(errno);
  EXPECT_EQ(HostName(), "db2");
}

}  // namespace
