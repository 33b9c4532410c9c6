#include "probe/socket_text.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

#include "probe/libc_threads.h"

namespace testcell::probe {
namespace {

const char* ProtocolName(int protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "tcp";
    case IPPROTO_UDP:
      return "udp";
    case IPPROTO_UDPLITE:
      return "udplite";
    case IPPROTO_SCTP:
      return "sctp";
    case IPPROTO_ICMP:
      return "icmp";
    case IPPROTO_ICMPV6:
      return "icmpv6";
    default:
      return "ip";
  }
}

// After the address, for a TCP socket that is neither listening nor connected.
const char* StateText(int state) {
  static constexpr const char* kNames[] = {
      "",       "",           "syn-sent", "syn-recv",  "fin-wait-1", "fin-wait-2", "time-wait",
      "closed", "close-wait", "last-ack", "listening", "closing",    "syn-recv"};
  const auto index = static_cast<std::size_t>(state);
  return index < sizeof kNames / sizeof *kNames ? kNames[index] : "";
}

bool IsUnset(const posix::InetEndpoint& endpoint) {
  return endpoint.port == 0 && std::all_of(endpoint.address.begin(), endpoint.address.end(),
                                           [](std::uint8_t byte) { return byte == 0; });
}

// So that no two names look alike. Where bind(2) was given the whole of a
// sockaddr_un, the name ends with many zeros.
void AddEscaped(std::string_view bytes, Text* text) {
  std::size_t zeros = 0;
  while (zeros < bytes.size() && bytes[bytes.size() - zeros - 1] == '\0') ++zeros;
  for (const char byte : bytes.substr(0, bytes.size() - zeros)) {
    const bool plain = byte >= ' ' && byte < 0x7f && byte != '\\';
    if (plain) text->Add(&byte, 1);
    if (!plain) text->Add("\\x").AddHex(static_cast<unsigned char>(byte), 2);
  }
  if (zeros > 0) text->Add("\\x00");
  if (zeros > 1) text->Add("{").Add(static_cast<long>(zeros)).Add("}");
}

const char* TypeName(int type) {
  switch (type) {
    case SOCK_STREAM:
      return "stream";
    case SOCK_DGRAM:
      return "datagram";
    case SOCK_SEQPACKET:
      return "seqpacket";
    default:
      return "raw";
  }
}

const char* NetlinkName(int protocol) {
  switch (protocol) {
    case NETLINK_ROUTE:
      return "route";
    case NETLINK_SOCK_DIAG:
      return "sock_diag";
    case NETLINK_NETFILTER:
      return "netfilter";
    case NETLINK_KOBJECT_UEVENT:
      return "kobject_uevent";
    case NETLINK_GENERIC:
      return "generic";
    case NETLINK_AUDIT:
      return "audit";
    case NETLINK_XFRM:
      return "xfrm";
    default:
      return nullptr;
  }
}

struct Address {
  union {
    sockaddr_storage storage;
    sockaddr_in v4;
    sockaddr_in6 v6;
    sockaddr_un unix_name;
    sockaddr_ll packet;
    sockaddr_vm vsock;
  };
  socklen_t size = 0;
};

using NameCall = int (*)(int, sockaddr*, socklen_t*);

bool Ask(NameCall call, int fd, Address* address) {
  ::memset(&address->storage, 0, sizeof address->storage);
  address->size = sizeof address->storage;
  if (call(fd, reinterpret_cast<sockaddr*>(&address->storage), &address->size) == 0) return true;
  address->size = 0;
  return false;
}

int Option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

posix::InetEndpoint ToEndpoint(const Address& address) {
  posix::InetEndpoint endpoint;
  if (address.storage.ss_family == AF_INET6) {
    ::memcpy(endpoint.address.data(), &address.v6.sin6_addr, 16);
    endpoint.port = ntohs(address.v6.sin6_port);
  } else if (address.storage.ss_family == AF_INET) {
    ::memcpy(endpoint.address.data(), &address.v4.sin_addr, 4);
    endpoint.port = ntohs(address.v4.sin_port);
  }
  return endpoint;
}

posix::InetSocket ToInet(int fd, int family, int protocol, const Address& local,
                         const Address& peer) {
  posix::InetSocket socket;
  socket.family = family;
  socket.protocol = protocol;
  socket.local = ToEndpoint(local);
  socket.remote = ToEndpoint(peer);
  socket.state = peer.size > 0 ? TCP_ESTABLISHED : TCP_CLOSE;
  tcp_info info;
  socklen_t size = sizeof info;
  if (protocol == IPPROTO_TCP && ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
    socket.state = info.tcpi_state;
  }
  size = sizeof socket.cookie;
  ::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &socket.cookie, &size);
  return socket;
}

posix::UnixSocket ToUnix(int fd, const Address& local, const Address& peer) {
  posix::UnixSocket socket;
  socket.type = Option(fd, SO_TYPE);
  socket.state = Option(fd, SO_ACCEPTCONN) == 1 ? TCP_LISTEN
                 : peer.size > 0                ? TCP_ESTABLISHED
                                                : TCP_CLOSE;
  constexpr std::size_t kPath = offsetof(sockaddr_un, sun_path);
  if (local.size > kPath) {
    std::string_view name(local.unix_name.sun_path, local.size - kPath);
    socket.abstract = name.front() == '\0';
    if (socket.abstract) name.remove_prefix(1);
    while (!socket.abstract && name.back() == '\0') name.remove_suffix(1);
    socket.name = name;
  }
  return socket;
}

bool IsLog(const Address& peer) {
  constexpr std::size_t kPath = offsetof(sockaddr_un, sun_path);
  if (peer.size <= kPath) return false;
  const char* const path = peer.unix_name.sun_path;
  return ::strcmp(path, "/dev/log") == 0 || ::strcmp(path, "/run/systemd/journal/dev-log") == 0;
}

Text OtherName(int family, int protocol, const Address& local) {
  Text name;
  if (family == AF_NETLINK) {
    const char* const known = NetlinkName(protocol);
    name.Add("netlink ");
    return known != nullptr ? name.Add(known) : name.Add(static_cast<long>(protocol));
  }
  if (family == AF_PACKET) {
    name.Add("packet, interface ").Add(static_cast<long>(local.packet.sll_ifindex));
    return name.Add(", protocol 0x").AddHex(ntohs(local.packet.sll_protocol), 4);
  }
  if (family == AF_VSOCK) {
    name.Add("vsock ").Add(static_cast<long>(local.vsock.svm_cid));
    return name.Add(":").Add(static_cast<long>(local.vsock.svm_port));
  }
  return name.Add("socket of family ").Add(static_cast<long>(family));
}

}  // namespace

Endpoint EndpointName(int family, const posix::InetEndpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "?";
  ::inet_ntop(family, endpoint.address.data(), text, sizeof text);
  Endpoint name;
  if (family == AF_INET6) name.Add("[");
  name.Add(text);
  if (family == AF_INET6) name.Add("]");
  return name.Add(":").Add(static_cast<long>(endpoint.port));
}

Text SocketName(const posix::InetSocket& socket) {
  Text name;
  name.Add(ProtocolName(socket.protocol));
  const bool connected = !IsUnset(socket.remote);
  if (!connected && IsUnset(socket.local)) return name.Add(", not bound");
  name.Add(" ").Add(EndpointName(socket.family, socket.local).c_str());
  if (connected) {
    const char* const how = socket.state == TCP_SYN_SENT ? " connecting to " : " connected to ";
    name.Add(how).Add(EndpointName(socket.family, socket.remote).c_str());
  }
  if (socket.protocol != IPPROTO_TCP || socket.state == TCP_ESTABLISHED ||
      socket.state == TCP_SYN_SENT) {
    return name;
  }
  if (connected) return name.Add(" (").Add(StateText(socket.state)).Add(")");
  return name.Add(socket.state == TCP_LISTEN ? " listening" : " bound");
}

Text UnixName(const posix::UnixSocket& socket) {
  Text name;
  if (!socket.abstract) return name.Add(socket.name.data(), socket.name.size());
  name.Add("@");
  AddEscaped(socket.name, &name);
  return name;
}

Text SocketName(const posix::UnixSocket& socket) {
  Text name;
  name.Add("unix ");
  const Text own = UnixName(socket);
  if (own.size() > 0) {
    name.Add(own.c_str());
  } else {
    name.Add(TypeName(socket.type)).Add(" without a name");
  }
  if (socket.state == TCP_LISTEN) return name.Add(" listening");
  return socket.state == TCP_ESTABLISHED ? name.Add(" connected") : name;
}

bool DescribeOwnSocket(int fd, OwnSocket* socket) {
  const int family = Option(fd, SO_DOMAIN);
  if (family < 0) return false;
  const int protocol = Option(fd, SO_PROTOCOL);
  Address local;
  Address peer;
  Ask(::getsockname, fd, &local);
  Ask(::getpeername, fd, &peer);
  if (family == AF_INET || family == AF_INET6) {
    const posix::InetSocket inet = ToInet(fd, family, protocol, local, peer);
    if (Option(fd, SO_TYPE) == SOCK_RAW) {
      socket->name.Add("raw ").Add(ProtocolName(protocol));
      return true;
    }
    socket->name = SocketName(inet);
    if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) socket->inet = inet;
  } else if (family == AF_UNIX) {
    const posix::UnixSocket named = ToUnix(fd, local, peer);
    socket->name = SocketName(named);
    // Accepted sockets have the listener's name.
    if (named.abstract && named.state != TCP_ESTABLISHED) {
      socket->abstract.Add(named.name.data(), named.name.size());
    }
    socket->of_libc = IsLog(peer);
  } else {
    socket->name = OtherName(family, protocol, local);
    socket->of_libc = family == AF_NETLINK && IsLibcSocket(fd);
  }
  return true;
}

}  // namespace testcell::probe
