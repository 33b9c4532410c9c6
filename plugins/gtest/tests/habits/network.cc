// Tests that use the network that every host has: addresses, names, multicast.
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <string>

#include "tools.h"

namespace habits {
namespace {

// "127.0.0.1 ::1", in the order in which a client would try them; or the error.
std::string Resolve(const char* name, int family, int flags) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_flags = flags;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(name, "80", &hints, &list);
  if (error != 0) return ::gai_strerror(error);
  std::string text;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    char address[64];
    ::getnameinfo(entry->ai_addr, entry->ai_addrlen, address, sizeof address, nullptr, 0,
                  NI_NUMERICHOST);
    text += (text.empty() ? "" : " ") + std::string(address);
  }
  ::freeaddrinfo(list);
  return text;
}

// The results differ from host to host: the comparison with the plain run is
// the test.
TEST(Names, AreResolvedAsOnTheHost) {
  for (const char* name : {"localhost", "127.0.0.1", "::1"}) {
    for (const int flags : {0, AI_ADDRCONFIG, AI_PASSIVE | AI_ADDRCONFIG}) {
      for (const int family : {AF_UNSPEC, AF_INET}) {
        RecordProperty(
            std::string(name) + "_" + std::to_string(family) + "_" + std::to_string(flags),
            Resolve(name, family, flags));
      }
    }
  }
}

TEST(Names, OfTheHostItself) {
  char name[65] = "";
  ASSERT_EQ(::gethostname(name, sizeof name), 0);
  EXPECT_NE(Resolve(name, AF_UNSPEC, AI_ADDRCONFIG).find_first_of(".:"), std::string::npos)
      << Resolve(name, AF_UNSPEC, AI_ADDRCONFIG);
}

struct Family {
  int family;
  const char* loopback;
  const char* group;
};

std::ostream& operator<<(std::ostream& stream, const Family& family) {
  return stream << family.loopback;
}

class Sockets : public testing::TestWithParam<Family> {
 protected:
  static socklen_t Make(const char* text, std::uint16_t port, sockaddr_storage* storage) {
    std::memset(storage, 0, sizeof *storage);
    if (GetParam().family == AF_INET) {
      auto* const address = reinterpret_cast<sockaddr_in*>(storage);
      address->sin_family = AF_INET;
      address->sin_port = htons(port);
      ::inet_pton(AF_INET, text, &address->sin_addr);
      return sizeof *address;
    }
    auto* const address = reinterpret_cast<sockaddr_in6*>(storage);
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(port);
    ::inet_pton(AF_INET6, text, &address->sin6_addr);
    return sizeof *address;
  }
  static const sockaddr* Name(const sockaddr_storage& storage) {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

TEST_P(Sockets, ServeOnAFixedPort) {
  sockaddr_storage address;
  const socklen_t size = Make(GetParam().loopback, 48123, &address);
  const int server = ::socket(GetParam().family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ASSERT_EQ(::bind(server, Name(address), size), 0) << Error();
  ASSERT_EQ(::listen(server, 8), 0) << Error();
  const int client = ::socket(GetParam().family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(client, Name(address), size), 0) << Error();
  const int accepted = ::accept(server, nullptr, nullptr);
  ASSERT_GE(accepted, 0) << Error();
  EXPECT_EQ(::send(client, "x", 1, 0), 1);
  char byte;
  EXPECT_EQ(::recv(accepted, &byte, 1, 0), 1);
  for (const int fd : {accepted, client, server}) ::close(fd);
}

TEST_P(Sockets, RefuseWhereNobodyListens) {
  sockaddr_storage address;
  const socklen_t size = Make(GetParam().loopback, 1, &address);
  const int client = ::socket(GetParam().family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(client, Name(address), size), -1);
  EXPECT_EQ(errno, ECONNREFUSED) << Error();
  ::close(client);
}

// A group is joined without naming an interface, as most programs do.
TEST_P(Sockets, JoinAGroup) {
  sockaddr_storage group;
  const socklen_t size = Make(GetParam().group, 48124, &group);
  sockaddr_storage any;
  Make(GetParam().family == AF_INET ? "0.0.0.0" : "::", 48124, &any);
  const int receiver = ::socket(GetParam().family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(receiver, Name(any), size), 0) << Error();
  group_req request{};
  std::memcpy(&request.gr_group, &group, sizeof group);
  const int level = GetParam().family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  ASSERT_EQ(::setsockopt(receiver, level, MCAST_JOIN_GROUP, &request, sizeof request), 0)
      << Error();
  const int sender = ::socket(GetParam().family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::sendto(sender, "x", 1, 0, Name(group), size), 1) << Error();
  char byte;
  const timeval limit{5, 0};
  ::setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  EXPECT_EQ(::recv(receiver, &byte, 1, 0), 1) << Error();
  ::close(sender);
  ::close(receiver);
}

INSTANTIATE_TEST_SUITE_P(Both, Sockets,
                         testing::Values(Family{AF_INET, "127.0.0.1", "239.1.2.3"},
                                         Family{AF_INET6, "::1", "ff15::1234"}),
                         [](const auto& instance) {
                           return instance.param.family == AF_INET ? "IPv4" : "IPv6";
                         });

TEST(Interfaces, AreThere) {
  EXPECT_GT(::if_nametoindex("lo"), 0u) << Error();
  ifaddrs* list = nullptr;
  ASSERT_EQ(::getifaddrs(&list), 0) << Error();
  bool loopback = false;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    loopback = loopback || (entry->ifa_flags & IFF_LOOPBACK) != 0;
  }
  ::freeifaddrs(list);
  EXPECT_TRUE(loopback);
}

}  // namespace
}  // namespace habits
