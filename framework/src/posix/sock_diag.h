// The sockets of a network namespace, as the kernel lists them (sock_diag(7)):
// who is bound or listens where, without asking the owners.
//
//   SockDiag diag;
//   int error = diag.Open();
//   if (error == 0) {
//     error = diag.ForEachInet(AF_INET, IPPROTO_TCP, StateBit(TCP_LISTEN),
//                              [&](const InetSocket& socket) { ... });
//   }
//
// Errors are errno values, 0 is success. ENOENT: the kernel has no tcp_diag,
// udp_diag or unix_diag and can't load it.
//
// Threads and forks: one thread at a time. Opening and listing allocate
// nothing and lock nothing, so that a child of a process with threads may do
// both. The namespace is that of the thread that called Open(), for good.
#ifndef TESTCELL_SRC_POSIX_SOCK_DIAG_H_
#define TESTCELL_SRC_POSIX_SOCK_DIAG_H_

#include <netinet/tcp.h>  // TCP_LISTEN and the other states, which all protocols share

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "posix/unique_fd.h"

struct nlmsghdr;

namespace testcell::posix {

inline constexpr std::uint32_t kAllStates = ~std::uint32_t{0};

// Of a TCP socket that is bound and nothing more; listed from Linux 6.8 on.
inline constexpr int kTcpBoundInactive = 13;

constexpr std::uint32_t StateBit(int state) { return std::uint32_t{1} << state; }

struct InetEndpoint {
  std::array<std::uint8_t, 16> address{};  // network order; IPv4: the first 4 bytes
  std::uint16_t port = 0;                  // host order
};

struct InetSocket {
  int family = 0;    // AF_INET or AF_INET6
  int protocol = 0;  // IPPROTO_TCP, IPPROTO_UDP and so on
  int state = 0;     // TCP_LISTEN and so on; an unconnected UDP socket is in TCP_CLOSE
  InetEndpoint local;
  InetEndpoint remote;
  std::uint32_t interface = 0;  // index, of a socket bound to one
  std::uint32_t inode = 0;      // as in /proc/PID/fd; 0: no process holds it any more
  std::uint32_t uid = 0;
  std::uint64_t cookie = 0;  // its own among all sockets since boot
};

struct UnixSocket {
  int type = 0;   // SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET
  int state = 0;  // TCP_LISTEN, TCP_ESTABLISHED or TCP_CLOSE
  std::uint32_t inode = 0;
  std::uint32_t peer_inode = 0;  // 0: none
  // As given to bind(2), which may be relative to a directory that nobody knows
  // any more; empty: not bound. Valid during the visit.
  std::string_view name;
  bool abstract = false;  // `name` is then without the leading zero byte
  bool has_file = false;  // bound to a file, which these name as stat(2) does
  std::uint32_t file_major = 0;
  std::uint32_t file_minor = 0;
  std::uint32_t file_inode = 0;  // the low 32 bits
};

// What inet_diag(7) says of one socket; false if these are too few bytes.
bool ReadInetSocket(std::string_view message, int protocol, InetSocket* socket);

// "0.0.0.0:80", "[::1]:80".
std::string EndpointText(int family, const InetEndpoint& endpoint);

class SockDiag {
 public:
  int Open();

  // One dump (netlink(7)): sockets that come and go meanwhile may be missed.
  // `family` is AF_INET or AF_INET6 and lists that one only; `states` is made
  // of StateBit().
  template <typename Visitor>
  int ForEachInet(int family, int protocol, std::uint32_t states, Visitor&& visitor) {
    using Target = std::remove_reference_t<Visitor>;
    return DumpInet(
        family, protocol, states,
        [](void* target, const InetSocket& socket) { (*static_cast<Target*>(target))(socket); },
        const_cast<std::remove_const_t<Target>*>(&visitor));
  }

  template <typename Visitor>
  int ForEachUnix(std::uint32_t states, Visitor&& visitor) {
    using Target = std::remove_reference_t<Visitor>;
    return DumpUnix(
        states,
        [](void* target, const UnixSocket& socket) { (*static_cast<Target*>(target))(socket); },
        const_cast<std::remove_const_t<Target>*>(&visitor));
  }

 private:
  using InetVisit = void (*)(void* target, const InetSocket& socket);
  using UnixVisit = void (*)(void* target, const UnixSocket& socket);

  int DumpInet(int family, int protocol, std::uint32_t states, InetVisit visit, void* target);
  int DumpUnix(std::uint32_t states, UnixVisit visit, void* target);
  int Send(const void* payload, std::size_t payload_bytes);
  template <typename Handle>
  int ReceiveAll(Handle&& handle);

  UniqueFd fd_;
  std::uint32_t sequence_ = 0;
  // As much as the kernel puts into one answer at most (netlink(7), af_netlink.c).
  alignas(8) std::array<char, 32768> buffer_;
};

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_SOCK_DIAG_H_
