// What a testcell::Server is made of, where its own tests can't look.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <fstream>
#include <map>

#include "posix/sock_diag.h"
#include "server/output_file.h"
#include "server/process_group.h"
#include "server_fixture.h"

namespace testcell {
namespace {

using posix::InetSocket;
using posix::SockDiag;
using posix::StateBit;
using posix::UniqueFd;
using posix::UnixSocket;
using server::OutputFile;
using server::TextSearch;

void Append(const OutputFile& file, const std::string& text) {
  ASSERT_EQ(::write(file.writer(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

std::uint32_t InodeOf(int fd) {
  struct stat status = {};
  ::fstat(fd, &status);
  return static_cast<std::uint32_t>(status.st_ino);
}

TEST(OutputFileTest, EventComesWithAWrite) {
  OutputFile file(100);
  const UniqueFd watch = file.Watch();
  ASSERT_TRUE(watch);
  const auto now = server::Clock::now();
  EXPECT_FALSE(server::WaitReadable({watch.get()}, now));
  Append(file, "x");
  EXPECT_TRUE(server::WaitReadable({watch.get()}, now));
}

TEST(OutputFileTest, TrimmingGivesMemoryBack) {
  OutputFile file(1 << 20);
  for (int i = 0; i < 8; ++i) Append(file, std::string(1 << 20, static_cast<char>('0' + i)));
  file.Trim();
  EXPECT_EQ(file.Size(), 8u << 20);
  EXPECT_EQ(file.ReadAt(0, 2), std::string(2, '\0'));
  EXPECT_EQ(file.ReadAt(7 << 20, 2), "77");
  struct stat status = {};
  ASSERT_EQ(::fstat(file.writer(), &status), 0);
  EXPECT_LE(status.st_blocks * 512, 2 << 20);
}

TEST(TextSearchTest, FindsATextThatIsSplit) {
  OutputFile file(1 << 20);
  TextSearch search(file, "is ready");
  EXPECT_FALSE(search.Found());
  Append(file, std::string(65536 - 3, '.') + "is re");
  EXPECT_FALSE(search.Found());
  Append(file, "a");
  EXPECT_FALSE(search.Found());
  Append(file, "dy");
  EXPECT_TRUE(search.Found());
  EXPECT_TRUE(search.Found());
}

TEST(TextSearchTest, FindsATextAfterATruncation) {
  OutputFile file(1 << 20);
  TextSearch search(file, "ready");
  Append(file, "something long before");
  EXPECT_FALSE(search.Found());
  ASSERT_EQ(::ftruncate(file.writer(), 0), 0);
  Append(file, "ready");
  EXPECT_TRUE(search.Found());
}

TEST(SockDiagTest, ListsListenersOfBothFamilies) {
  for (const int family : {AF_INET, AF_INET6}) {
    FreePort bound(family);
    FreePort listening(family);
    if (listening.number() == 0) continue;  // no IPv6
    listening.Listen();
    SockDiag diag;
    ASSERT_EQ(diag.Open(), 0);
    std::map<std::uint16_t, std::string> found;
    ASSERT_EQ(diag.ForEachInet(family, IPPROTO_TCP, StateBit(TCP_LISTEN),
                               [&](const InetSocket& socket) {
                                 EXPECT_EQ(socket.state, TCP_LISTEN);
                                 EXPECT_EQ(socket.family, family);
                                 found[socket.local.port] =
                                     posix::EndpointText(family, socket.local);
                               }),
              0);
    EXPECT_EQ(found.count(bound.number()), 0u);
    const std::string address = family == AF_INET ? "127.0.0.1:" : "[::1]:";
    EXPECT_EQ(found[listening.number()], address + listening.text());
  }
}

TEST(SockDiagTest, ListsConnectionsAndUdp) {
  SockDiag diag;
  ASSERT_EQ(diag.Open(), 0);
  const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(udp.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  bool seen = false;
  EXPECT_EQ(diag.ForEachInet(AF_INET, IPPROTO_UDP, posix::kAllStates,
                             [&](const InetSocket& socket) {
                               seen |= socket.inode == InodeOf(udp.get()) &&
                                       socket.protocol == IPPROTO_UDP && socket.uid == ::getuid();
                             }),
            0);
  EXPECT_TRUE(seen);

  FreePort port;
  port.Listen();
  address.sin_port = ::htons(port.number());
  const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  seen = false;
  EXPECT_EQ(diag.ForEachInet(AF_INET, IPPROTO_TCP, StateBit(TCP_ESTABLISHED),
                             [&](const InetSocket& socket) {
                               seen |= socket.inode == InodeOf(client.get()) &&
                                       socket.remote.port == port.number();
                             }),
            0);
  EXPECT_TRUE(seen);
}

TEST(SockDiagTest, NamesUnixSockets) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  const UniqueFd left(pair[0]);
  const UniqueFd right(pair[1]);
  // Bound with the whole structure, as many do: zeros at the end.
  const UniqueFd abstract(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const std::string name = "testcell-parts-" + std::to_string(::getpid());
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  name.copy(address.sun_path + 1, name.size());
  ASSERT_EQ(::bind(abstract.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const UniqueFd named(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const std::string path = testing::TempDir() + "/testcell-parts-" + std::to_string(::getpid());
  address.sun_path[path.copy(address.sun_path, path.size())] = '\0';
  ASSERT_EQ(::bind(named.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(named.get(), 1), 0);
  struct stat file = {};
  ASSERT_EQ(::stat(path.c_str(), &file), 0);

  SockDiag diag;
  ASSERT_EQ(diag.Open(), 0);
  int seen = 0;
  EXPECT_EQ(diag.ForEachUnix(posix::kAllStates,
                             [&](const UnixSocket& socket) {
                               if (socket.inode == InodeOf(left.get())) {
                                 ++seen;
                                 EXPECT_EQ(socket.peer_inode, InodeOf(right.get()));
                                 EXPECT_EQ(socket.type, SOCK_SEQPACKET);
                                 EXPECT_EQ(socket.name, "");
                               } else if (socket.inode == InodeOf(abstract.get())) {
                                 ++seen;
                                 EXPECT_EQ(socket.state, TCP_CLOSE);
                                 EXPECT_TRUE(socket.abstract);
                                 EXPECT_EQ(socket.name, name);
                               } else if (socket.inode == InodeOf(named.get())) {
                                 ++seen;
                                 EXPECT_EQ(socket.state, TCP_LISTEN);
                                 EXPECT_FALSE(socket.abstract);
                                 EXPECT_EQ(socket.name, path);
                                 ASSERT_TRUE(socket.has_file);
                                 EXPECT_EQ(socket.file_inode,
                                           static_cast<std::uint32_t>(file.st_ino));
                                 EXPECT_EQ(socket.file_major, major(file.st_dev));
                                 EXPECT_EQ(socket.file_minor, minor(file.st_dev));
                               }
                             }),
            0);
  EXPECT_EQ(seen, 3);
  ::unlink(path.c_str());
}

TEST(SockDiagTest, UnknownProtocolIsAnErrorAndTheNextDumpWorks) {
  SockDiag diag;
  EXPECT_EQ(diag.ForEachUnix(posix::kAllStates, [](const UnixSocket&) {}), EBADF);
  ASSERT_EQ(diag.Open(), 0);
  EXPECT_EQ(diag.ForEachInet(AF_INET, 253, posix::kAllStates, [](const InetSocket&) {}), ENOENT);
  EXPECT_EQ(diag.ForEachUnix(posix::kAllStates, [](const UnixSocket&) {}), 0);
}

// Many sockets: the dump comes in several parts.
TEST(SockDiagTest, LongDumpIsWhole) {
  constexpr int kSockets = 400;
  std::map<std::uint32_t, int> inodes;
  std::vector<UniqueFd> sockets;
  for (int i = 0; i < kSockets; ++i) {
    sockets.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_TRUE(sockets.back());
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    // Only the family: the kernel chooses an abstract name (unix(7), autobind).
    ASSERT_EQ(::bind(sockets.back().get(), reinterpret_cast<sockaddr*>(&address),
                     sizeof(address.sun_family)),
              0);
    inodes[InodeOf(sockets.back().get())] = 0;
  }
  SockDiag diag;
  ASSERT_EQ(diag.Open(), 0);
  EXPECT_EQ(diag.ForEachUnix(posix::kAllStates,
                             [&](const UnixSocket& socket) {
                               const auto found = inodes.find(socket.inode);
                               if (found != inodes.end()) ++found->second;
                             }),
            0);
  for (const auto& [inode, times] : inodes) EXPECT_EQ(times, 1) << inode;
}

class ServerPartsTest : public ServerTest {};

// The limit is a user's, over all cells; here that of a user namespace.
TEST_F(ServerPartsTest, LineIsFoundWithoutInotify) {
  constexpr int kNoNamespace = 77;
  const int status = ExitStatusInFork([] {
    if (::unshare(CLONE_NEWUSER) != 0) return kNoNamespace;
    if (!(std::ofstream("/proc/sys/user/max_inotify_instances") << 0 << std::flush)) {
      return kNoNamespace;
    }
    if (OutputFile(1).Watch()) return 1;
    Server server(Payload("chatty", {"1000"}, Ready::Line("done")));
    if (!server.Start()) return 2;
    return server.Stop() ? 0 : 3;
  });
  if (status == kNoNamespace) GTEST_SKIP() << "no user namespace with a limit of its own";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace testcell
