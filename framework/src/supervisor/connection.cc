#include "testcell/internal/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <string_view>

#include "posix/sock_diag.h"

namespace testcell {
namespace internal {
namespace {

struct Endpoint {
  std::string_view address;
  std::string_view port;

  explicit Endpoint(std::string_view name) {
    const std::size_t colon = std::min(name.rfind(':'), name.size());
    address = name.substr(0, colon);
    port = name.substr(colon);
  }
  bool IsAny() const { return address == "0.0.0.0" || address == "[::]"; }
};

// A socket of any address serves all of them, of IPv4 by IPv6's, too; and to connect
// to any address is to connect to this host.
bool Serves(const std::string& listener, const std::string& name) {
  const Endpoint local(listener);
  const Endpoint wanted(name);
  if (local.port != wanted.port) return false;
  return local.address == wanted.address || local.IsAny() || wanted.IsAny();
}

bool IsInetServed(posix::SockDiag* diag, const Connection& connection) {
  const bool tcp = connection.kind == UseKind::kTcp;
  bool served = false;
  for (const int family : {AF_INET, AF_INET6}) {
    diag->ForEachInet(
        family, tcp ? IPPROTO_TCP : IPPROTO_UDP, posix::StateBit(tcp ? TCP_LISTEN : TCP_CLOSE),
        [&](const posix::InetSocket& socket) {
          served =
              served || Serves(posix::EndpointText(socket.family, socket.local), connection.name);
        });
  }
  return served;
}

bool IsUnixServed(posix::SockDiag* diag, const Connection& connection) {
  bool served = false;
  diag->ForEachUnix(posix::kAllStates, [&](const posix::UnixSocket& socket) {
    if (!socket.abstract || socket.state == TCP_ESTABLISHED) return;
    served = served || connection.name == "@" + std::string(socket.name);
  });
  return served;
}

}  // namespace

bool IsServed(const Connection& connection) {
  posix::SockDiag diag;
  if (diag.Open() != 0) return false;
  return connection.kind == UseKind::kUnixAbstract ? IsUnixServed(&diag, connection)
                                                   : IsInetServed(&diag, connection);
}

}  // namespace internal
}  // namespace testcell
