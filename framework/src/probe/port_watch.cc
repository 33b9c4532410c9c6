#include "probe/port_watch.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "posix/unique_fd.h"
#include "probe/socket_text.h"

namespace testcell::probe {
namespace {

constexpr int kLoopbackIndex = 1;  // the first interface of every network namespace

constexpr std::uint32_t Group(int number) { return std::uint32_t{1} << (number - 1); }

// Offsets in what the kernel sends: a netlink header, then inet_diag_msg.
constexpr std::uint32_t kPortOffset =
    NLMSG_HDRLEN + offsetof(inet_diag_msg, id) + offsetof(inet_diag_sockid, idiag_sport);
constexpr std::uint32_t kRemotePortOffset =
    NLMSG_HDRLEN + offsetof(inet_diag_msg, id) + offsetof(inet_diag_sockid, idiag_dport);
// The first attribute is the protocol (INET_DIAG_PROTOCOL).
constexpr std::uint32_t kProtocolOffset = NLMSG_HDRLEN + sizeof(inet_diag_msg) + sizeof(nlattr);
constexpr std::uint32_t kInterfaceOffset =
    NLMSG_HDRLEN + offsetof(inet_diag_msg, id) + offsetof(inet_diag_sockid, idiag_if);

// Lets pass the ports that somebody chose, and what CloseLast() made: without
// port, bound to the loopback interface. The rest, such as a load test's
// connections, would fill the queue, and wakes nobody.
bool AttachFilter(int fd) {
  const std::uint32_t loopback = htonl(kLoopbackIndex);  // the number is in host order
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kPortOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 32768, 0, 1),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 60999, 0, 7),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kRemotePortOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, 0),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kProtocolOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 3, 2),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kInterfaceOffset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, loopback, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const sock_fprog program{sizeof code / sizeof *code, code};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

std::uint64_t NamespaceOf(int socket) {
  std::uint64_t ns = 0;
  socklen_t size = sizeof ns;
  return ::getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &ns, &size) == 0 ? ns : 0;
}

}  // namespace

bool PortWatch::IsIn(std::uint64_t ns, int socket) {
  const std::uint64_t own = ns != 0 ? NamespaceOf(socket) : 0;
  return own == 0 || own == ns;
}

void PortWatch::ReportPort(const posix::InetSocket& socket, Seen* seen, Sink* sink) {
  const bool tcp = socket.protocol == IPPROTO_TCP;
  const Endpoint name = EndpointName(socket.family, socket.local);
  const std::uint64_t start = (tcp ? 1u : 2u) + 16 * static_cast<std::uint64_t>(sink->user());
  if (!seen->Add(Hash(View(name), start))) return;
  sink->Report(tcp ? UseKind::kTcp : UseKind::kUdp, View(name));
}

void PortWatch::Open() {
  Reset();
  fd_ = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (fd_ < 0) error_ = errno;
  if (fd_ < 0) return;
  sockaddr_nl address;
  ::memset(&address, 0, sizeof address);
  address.nl_family = AF_NETLINK;
  address.nl_groups = Group(SKNLGRP_INET_TCP_DESTROY) | Group(SKNLGRP_INET_UDP_DESTROY) |
                      Group(SKNLGRP_INET6_TCP_DESTROY) | Group(SKNLGRP_INET6_UDP_DESTROY);
  if (!AttachFilter(fd_) ||
      ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    error_ = errno;
    Close();
  }
}

void PortWatch::Close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void PortWatch::Note(const posix::InetSocket& socket, Seen* seen, Sink* sink) {
  if (socket.local.port == 0 || IsEphemeral(socket.local.port)) return;
  // A client, or what a listener has accepted, which has its port.
  if (socket.protocol == IPPROTO_TCP && socket.remote.port != 0) return;
  // Once by a dump while a set-up was in charge, once by its end.
  const char* const cookie = reinterpret_cast<const char*>(&socket.cookie);
  if (seen->Add(Hash({cookie, sizeof socket.cookie}, 4))) ReportPort(socket, seen, sink);
}

// False when nothing waits.
bool PortWatch::Receive(Seen* seen, Sink* sink) {
  alignas(8) char buffer[8192];
  const ssize_t size = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
  if (size < 0 && errno == ENOBUFS) {  // more than the queue holds
    overflowed_ = true;
    return true;
  }
  if (size < 0) return errno == EINTR;
  std::string_view message(buffer, static_cast<std::size_t>(size));
  posix::InetSocket socket;
  if (message.size() < NLMSG_HDRLEN) return true;
  message.remove_prefix(NLMSG_HDRLEN);
  if (!posix::ReadInetSocket(message, 0, &socket)) return true;
  if (socket.local.port == 0) {
    last_[next_last_++ % kMaxLast] = socket.cookie;
    return true;
  }
  constexpr std::size_t kProtocol = kProtocolOffset - NLMSG_HDRLEN;
  if (message.size() > kProtocol) socket.protocol = static_cast<unsigned char>(message[kProtocol]);
  any_ = true;
  Note(socket, seen, sink);
  return true;
}

void PortWatch::Drain(Seen* seen, Sink* sink) {
  while (fd_ >= 0 && Receive(seen, sink)) {
  }
}

bool PortWatch::HasCome(std::uint64_t last) const {
  return std::find(last_, last_ + kMaxLast, last) != last_ + kMaxLast;
}

std::uint64_t PortWatch::NetworkNamespace() const { return NamespaceOf(fd_); }

std::uint64_t PortWatch::CloseLast(std::uint64_t ns) {
  const posix::UniqueFd last(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  std::uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  if (!last ||
      ::setsockopt(last.get(), SOL_SOCKET, SO_BINDTOIFINDEX, &kLoopbackIndex,
                   sizeof kLoopbackIndex) != 0 ||
      ::getsockopt(last.get(), SOL_SOCKET, SO_COOKIE, &cookie, &size) != 0) {
    return 0;
  }
  return IsIn(ns, last.get()) ? cookie : 0;
}

bool PortWatch::Await(std::uint64_t last, Seen* seen, Sink* sink) {
  constexpr int kLimitMs = 2000;
  pollfd event{fd_, POLLIN, 0};
  for (Drain(seen, sink); !HasCome(last); Drain(seen, sink)) {
    const int ready = ::poll(&event, 1, kLimitMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return false;  // lost with others, or the kernel tells of nothing
  }
  works_ = true;
  return true;
}

void PortWatch::AwaitTest(std::uint64_t last, bool elsewhere, Seen* seen, Sink* sink) {
  if (fd_ < 0 || silent_) return;
  const bool sure = last != 0 && Await(last, seen, sink);
  if (!sure || elsewhere || any_) AwaitAllProcessors(seen, sink);
  if (overflowed_) sink->Lose(1);
}

void PortWatch::AwaitAllProcessors(Seen* seen, Sink* sink) {
  cpu_set_t all;
  if (::sched_getaffinity(0, sizeof all, &all) != 0) return;
  constexpr int kMostProcessors = 32;
  for (int cpu = 0; CPU_COUNT(&all) <= kMostProcessors && cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &all) || silent_) continue;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0) continue;
    if (!AwaitHere(seen, sink)) sink->Lose(1);
  }
  ::sched_setaffinity(0, sizeof all, &all);
}

bool PortWatch::AwaitHere(Seen* seen, Sink* sink) {
  constexpr int kTries = 5;
  for (int i = 0; i < kTries && !silent_; ++i) {
    const std::uint64_t last = CloseLast(0);
    if (last == 0 || Await(last, seen, sink)) return true;
    silent_ = !works_;
  }
  return silent_;
}

}  // namespace testcell::probe
