#include "posix/sock_diag.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>

#include <cerrno>

#include "posix/error.h"

namespace testcell::posix {

namespace {

// Netlink pads everything to four bytes; its macros would, too, but with casts
// that alignment and conversion warnings object to.
constexpr std::size_t Aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

constexpr std::size_t kHeaderBytes = Aligned(sizeof(nlmsghdr));

// Copies a structure from the front of the bytes; false if they are too few.
template <typename Structure>
bool Read(std::string_view bytes, Structure* structure) {
  if (bytes.size() < sizeof(Structure)) return false;
  ::memcpy(structure, bytes.data(), sizeof(Structure));
  return true;
}

std::string_view Rest(std::string_view bytes, std::size_t used) {
  return used < bytes.size() ? bytes.substr(used) : std::string_view();
}

InetEndpoint Endpoint(const __be32 (&address)[4], __be16 port) {
  InetEndpoint endpoint;
  ::memcpy(endpoint.address.data(), address, endpoint.address.size());
  endpoint.port = ntohs(port);
  return endpoint;
}

void ReadName(std::string_view bytes, UnixSocket* socket) {
  socket->abstract = !bytes.empty() && bytes.front() == '\0';
  if (socket->abstract) bytes.remove_prefix(1);
  // Whoever binds with the whole sockaddr_un has zeros as the end of the name,
  // and means the name without them.
  while (!bytes.empty() && bytes.back() == '\0') bytes.remove_suffix(1);
  socket->name = bytes;
}

void ReadAttribute(int type, std::string_view bytes, UnixSocket* socket) {
  if (type == UNIX_DIAG_NAME) ReadName(bytes, socket);
  if (type == UNIX_DIAG_PEER) Read(bytes, &socket->peer_inode);
  unix_diag_vfs file{};
  if (type == UNIX_DIAG_VFS && Read(bytes, &file)) {
    socket->has_file = true;
    socket->file_inode = file.udiag_vfs_ino;
    // The kernel's own dev_t: 12 bits of major, 20 of minor (linux/kdev_t.h).
    socket->file_major = file.udiag_vfs_dev >> 20;
    socket->file_minor = file.udiag_vfs_dev & ((1u << 20) - 1);
  }
}

void ReadAttributes(std::string_view bytes, UnixSocket* socket) {
  rtattr attribute{};
  while (Read(bytes, &attribute) && attribute.rta_len >= sizeof(attribute)) {
    const std::string_view whole = bytes.substr(0, attribute.rta_len);
    ReadAttribute(attribute.rta_type, Rest(whole, Aligned(sizeof(attribute))), socket);
    bytes = Rest(bytes, Aligned(attribute.rta_len));
  }
}

}  // namespace

bool ReadInetSocket(std::string_view bytes, int protocol, InetSocket* socket) {
  inet_diag_msg message{};
  if (!Read(bytes, &message)) return false;
  socket->family = message.idiag_family;
  socket->protocol = protocol;
  socket->state = message.idiag_state;
  socket->local = Endpoint(message.id.idiag_src, message.id.idiag_sport);
  socket->remote = Endpoint(message.id.idiag_dst, message.id.idiag_dport);
  socket->interface = message.id.idiag_if;
  socket->inode = message.idiag_inode;
  socket->uid = message.idiag_uid;
  socket->cookie = message.id.idiag_cookie[0] | std::uint64_t{message.id.idiag_cookie[1]} << 32;
  return true;
}

std::string EndpointText(int family, const InetEndpoint& endpoint) {
  char text[INET6_ADDRSTRLEN] = "?";
  ::inet_ntop(family, endpoint.address.data(), text, sizeof(text));
  if (family == AF_INET6) return fmt::format("[{}]:{}", text, endpoint.port);
  return fmt::format("{}:{}", text, endpoint.port);
}

int SockDiag::Open() {
  fd_.Reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  return fd_ ? 0 : errno;
}

int SockDiag::Send(const void* payload, std::size_t payload_bytes) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(kHeaderBytes + payload_bytes);
  header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header.nlmsg_seq = ++sequence_;
  ::memcpy(buffer_.data(), &header, sizeof(header));
  ::memcpy(buffer_.data() + kHeaderBytes, payload, payload_bytes);

  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = RetryOnInterrupt([&] {
    return ::sendto(fd_.get(), buffer_.data(), header.nlmsg_len, 0,
                    reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel));
  });
  return sent < 0 ? errno : 0;
}

// Calls `handle` with the payload of each message until the kernel says that
// the dump is done, or why it can't be.
template <typename Handle>
int SockDiag::ReceiveAll(Handle&& handle) {
  while (true) {
    const ssize_t received = RetryOnInterrupt(
        [&] { return ::recv(fd_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC); });
    if (received < 0) return errno;
    const auto size = static_cast<std::size_t>(received);
    if (size > buffer_.size()) return EMSGSIZE;

    std::string_view bytes(buffer_.data(), size);
    nlmsghdr header{};
    while (Read(bytes, &header)) {
      if (header.nlmsg_len < kHeaderBytes || header.nlmsg_len > bytes.size()) return EBADMSG;
      const std::string_view payload = bytes.substr(0, header.nlmsg_len).substr(kHeaderBytes);
      bytes = Rest(bytes, Aligned(header.nlmsg_len));
      if (header.nlmsg_seq != sequence_) continue;  // of a dump that failed before its end
      if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
        int error = 0;  // negative; an older kernel's NLMSG_DONE has none
        Read(payload, &error);
        return -error;
      }
      handle(payload);
    }
  }
}

int SockDiag::DumpInet(int family, int protocol, std::uint32_t states, InetVisit visit,
                       void* target) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(family);
  request.sdiag_protocol = static_cast<std::uint8_t>(protocol);
  request.idiag_states = states;
  if (const int error = Send(&request, sizeof(request))) return error;

  return ReceiveAll([&](std::string_view payload) {
    InetSocket socket;
    if (!ReadInetSocket(payload, protocol, &socket)) return;
    visit(target, socket);
  });
}

int SockDiag::DumpUnix(std::uint32_t states, UnixVisit visit, void* target) {
  unix_diag_req request{};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = states;
  request.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_PEER;
  if (const int error = Send(&request, sizeof(request))) return error;

  return ReceiveAll([&](std::string_view payload) {
    unix_diag_msg message{};
    if (!Read(payload, &message)) return;
    UnixSocket socket;
    socket.type = message.udiag_type;
    socket.state = message.udiag_state;
    socket.inode = message.udiag_ino;
    ReadAttributes(Rest(payload, Aligned(sizeof(message))), &socket);
    visit(target, socket);
  });
}

}  // namespace testcell::posix
