#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "cell/insides.h"

namespace testcell::cell {
namespace {

constexpr int kLoopbackIndex = 1;  // of every network namespace

int OpenSocket(const Context& context, int family) {
  const int fd = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail(context, Step::kLoopback, errno, "(socket)");
  return fd;
}

void SetAddress(const char* text, sockaddr* address) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &in.sin_addr);
  ::memcpy(address, &in, sizeof in);
}

// Resolvers take 127.0.0.1 and ::1 for no network at all, and with AI_ADDRCONFIG
// find nothing then, not even localhost (getaddrinfo(3)). Multicast finds its
// interface by a route. On the host both hold as a rule.
void AddMoreIpv4(const Context& context, int fd) {
  ifreq request{};
  ::strcpy(request.ifr_name, "lo:1");
  SetAddress("127.0.1.1", &request.ifr_addr);
  if (::ioctl(fd, SIOCSIFADDR, &request) != 0) {
    Fail(context, Step::kLoopback, errno, "(127.0.1.1)");
  }
  rtentry route{};
  char device[] = "lo";
  route.rt_dev = device;
  route.rt_flags = RTF_UP;
  SetAddress("224.0.0.0", &route.rt_dst);
  SetAddress("240.0.0.0", &route.rt_genmask);
  if (::ioctl(fd, SIOCADDRT, &route) != 0) Fail(context, Step::kLoopback, errno, "(224.0.0.0/4)");
}

// By rtnetlink(7), which takes flags: after SIOCSIFADDR the address is tentative, and
// nobody can bind to it, until a thread of the kernel's has found that nobody else has it.
// False where the host refuses such sockets, as systemd's RestrictAddressFamilies does.
bool AddLinkLocal(const Context& context, posix::UniqueFd* routes) {
  struct {
    nlmsghdr header;
    ifaddrmsg address;
    rtattr attribute;
    in6_addr value;
  } request{};
  static_assert(sizeof request == NLMSG_LENGTH(sizeof request.address) + RTA_LENGTH(16));
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
  request.address.ifa_family = AF_INET6;
  request.address.ifa_prefixlen = 64;
  request.address.ifa_flags = IFA_F_NODAD;
  request.address.ifa_index = kLoopbackIndex;
  request.attribute.rta_type = IFA_ADDRESS;
  request.attribute.rta_len = RTA_LENGTH(sizeof request.value);
  ::inet_pton(AF_INET6, "fe80::1", &request.value);
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char given[sizeof request];
  } reply{};
  posix::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!fd && (errno == EPERM || errno == EACCES || errno == EAFNOSUPPORT)) return false;
  if (!fd) Fail(context, Step::kLoopback, errno, "(NETLINK_ROUTE)");
  // The kernel answers before send(2) returns.
  if (::send(fd.get(), &request, sizeof request, 0) < 0 ||
      ::recv(fd.get(), &reply, sizeof reply, MSG_DONTWAIT) < 0) {
    Fail(context, Step::kLoopback, errno, "(fe80::1)");
  }
  if (reply.error.error != 0) Fail(context, Step::kLoopback, -reply.error.error, "(fe80::1)");
  // The kernel counts a socket of this family for a while after its end, by which the cell
  // would not be what it was.
  if (context.plan->reuse) *routes = std::move(fd);
  return true;
}

void AddTentativeLinkLocal(const Context& context, int fd) {
  in6_ifreq request{};
  request.ifr6_ifindex = kLoopbackIndex;
  request.ifr6_prefixlen = 64;
  ::inet_pton(AF_INET6, "fe80::1", &request.ifr6_addr);
  if (::ioctl(fd, SIOCSIFADDR, &request) != 0) Fail(context, Step::kLoopback, errno, "(fe80::1)");
}

void AddMoreIpv6(const Context& context, posix::UniqueFd* routes) {
  const int fd = OpenSocket(context, AF_INET6);
  if (!AddLinkLocal(context, routes)) AddTentativeLinkLocal(context, fd);
  in6_rtmsg route{};
  route.rtmsg_ifindex = kLoopbackIndex;
  // Any other route by way of lo the kernel takes for a loop, and rejects.
  constexpr std::uint32_t kLocalRoute = 0x80000000;  // RTF_LOCAL of linux/ipv6_route.h
  route.rtmsg_flags = RTF_UP | kLocalRoute;
  route.rtmsg_type = RTN_LOCAL;
  route.rtmsg_dst_len = 8;
  route.rtmsg_metric = 256;
  ::inet_pton(AF_INET6, "ff00::", &route.rtmsg_dst);
  if (::ioctl(fd, SIOCADDRT, &route) != 0) Fail(context, Step::kLoopback, errno, "(ff00::/8)");
  ::close(fd);
}

}  // namespace

// The kernel gives lo 127.0.0.1 and ::1 when it comes up (netdevice(7)).
void BringUpLoopback(const Context& context, posix::UniqueFd* routes) {
  const int fd = OpenSocket(context, AF_INET);
  ifreq request{};
  ::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(fd, SIOCSIFFLAGS, &request) != 0) Fail(context, Step::kLoopback, errno);
  if (context.plan->more_ipv4) AddMoreIpv4(context, fd);
  if (context.plan->more_ipv6) AddMoreIpv6(context, routes);
  ::close(fd);
}

// So that a test, and what it executes, may bind port 80 also after it gave
// its capabilities away.
void OpenLowPorts(const Context& context) {
  static const char kPath[] = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
  const int fd = ::open(kPath, O_WRONLY | O_CLOEXEC);
  if (fd < 0) Fail(context, Step::kLowPorts, errno, kPath);
  if (::write(fd, "0", 1) != 1) Fail(context, Step::kLowPorts, errno, kPath);
  ::close(fd);
}

}  // namespace testcell::cell
