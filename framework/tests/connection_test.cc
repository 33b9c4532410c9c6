#include "testcell/internal/connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "posix/unique_fd.h"
#include "protocol/finding_frame.h"
#include "protocol/frame.h"

namespace testcell::internal {
namespace {

constexpr std::uint64_t kCookie = 7;

// On a port of the kernel's choice, which stays taken while it lives.
struct Bound {
  explicit Bound(const char* address, int type = SOCK_STREAM)
      : fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    ::inet_pton(AF_INET, address, &name.sin_addr);
    socklen_t size = sizeof name;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), size), 0);
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size), 0);
    port = ":" + std::to_string(ntohs(name.sin_port));
  }
  bool ServesTcp(const std::string& address) const {
    return IsServed({UseKind::kTcp, address + port});
  }

  posix::UniqueFd fd;
  std::string port;
};

TEST(IsServed, ByASocketOfThatAddress) {
  const Bound server("127.0.0.1");
  EXPECT_FALSE(server.ServesTcp("127.0.0.1")) << "it does not listen yet";
  ASSERT_EQ(::listen(server.fd.get(), 1), 0);
  EXPECT_TRUE(server.ServesTcp("127.0.0.1"));
  EXPECT_TRUE(server.ServesTcp("0.0.0.0"));
  EXPECT_FALSE(server.ServesTcp("127.0.0.2"));
}

TEST(IsServed, ByASocketOfAnyAddress) {
  const Bound server("0.0.0.0");
  ASSERT_EQ(::listen(server.fd.get(), 1), 0);
  EXPECT_TRUE(server.ServesTcp("127.0.0.2"));
}

TEST(IsServed, ByADatagramSocket) {
  const Bound server("127.0.0.1", SOCK_DGRAM);
  EXPECT_TRUE(IsServed({UseKind::kUdp, "127.0.0.1" + server.port}));
  EXPECT_FALSE(IsServed({UseKind::kUdp, "127.0.0.3" + server.port}));
}

TEST(IsServed, ByAnAbstractName) {
  const std::string name = "testcell-connection-" + std::to_string(::getpid());
  const posix::UniqueFd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(server.get(), 1), 0);
  EXPECT_TRUE(IsServed({UseKind::kUnixAbstract, "@" + name}));
  EXPECT_FALSE(IsServed({UseKind::kUnixAbstract, "@" + name + "-not"}));
}

std::string Payload(UseKind kind, const std::string& name) {
  protocol::FindingFrame frame;
  frame.StartConnection(kind, name);
  protocol::FrameDecoder decoder;
  decoder.Reset(kCookie);
  decoder.Feed(frame.Finish(kCookie));
  const auto message = decoder.Next();
  EXPECT_TRUE(message && message->type == MessageType::kConnection);
  return message ? message->payload : std::string();
}

TEST(Connection, ComesAsItWasSent) {
  Connection connection;
  ASSERT_TRUE(protocol::DecodeConnection(Payload(UseKind::kUdp, "[::1]:53"), &connection));
  EXPECT_EQ(connection.kind, UseKind::kUdp);
  EXPECT_EQ(connection.name, "[::1]:53");
}

TEST(Connection, IsNotMadeOfAnythingElse) {
  Connection connection;
  EXPECT_FALSE(protocol::DecodeConnection("", &connection));
  EXPECT_FALSE(protocol::DecodeConnection(Payload(UseKind::kPath, "/tmp"), &connection));
  EXPECT_FALSE(protocol::DecodeConnection(Payload(UseKind::kTcp, ""), &connection));
  EXPECT_FALSE(protocol::DecodeConnection(Payload(UseKind::kTcp, "a:1") + "x", &connection));
}

}  // namespace
}  // namespace testcell::internal
