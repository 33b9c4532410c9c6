// The network of a cell, and of the hosts, links and switches in one.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "check.h"

// linux/if.h and net/if.h can't be had together.
#include <linux/if_tun.h>

namespace testcell::cli {
namespace {

void EnterNetwork() {
  BecomeCellMaker();
  Enter(CLONE_NEWNET, "unshare(CLONE_NEWNET)");
}

void BringUp(const char* name) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  Need(fd >= 0, "socket(AF_INET)");
  ifreq request{};
  ::strcpy(request.ifr_name, name);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  Need(::ioctl(fd, SIOCSIFFLAGS, &request) == 0, "ioctl(SIOCSIFFLAGS) on lo");
  ::close(fd);
}

void Bind(int family, std::uint16_t port, const char* call) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Need(fd >= 0, call);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_addr = in6addr_loopback;
  v6.sin6_port = htons(port);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v4.sin_port = htons(port);
  const bool is_v6 = family == AF_INET6;
  const auto* address = is_v6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
  Need(::bind(fd, address, is_v6 ? sizeof v6 : sizeof v4) == 0, call);
  ::close(fd);
}

void CheckLoopback() {
  EnterNetwork();
  BringUp("lo");
  Bind(AF_INET, 8080, "bind(127.0.0.1)");
}

void CheckLoopback6() {
  EnterNetwork();
  BringUp("lo");
  Bind(AF_INET6, 8080, "bind(::1)");
}

void CheckLowPorts() {
  EnterNetwork();
  static const char kPath[] = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
  const int fd = ::open(kPath, O_WRONLY | O_CLOEXEC);
  Need(fd >= 0 && ::write(fd, "0", 1) == 1, kPath);
  BringUp("lo");
  Bind(AF_INET, 80, "bind() to port 80");
}

// A netlink socket and one request on it, acknowledged by the kernel.
class Request {
 public:
  Request(std::uint16_t type, std::uint16_t flags, const void* body, std::size_t size) {
    header()->nlmsg_type = type;
    header()->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    header()->nlmsg_len = NLMSG_LENGTH(0);
    Append(body, size);
  }

  void Add(std::uint16_t type, const void* data, std::size_t size) {
    rtattr attribute{static_cast<std::uint16_t>(RTA_LENGTH(size)), type};
    Append(&attribute, sizeof attribute);
    Append(data, size);
  }
  void Add(std::uint16_t type, const char* text) { Add(type, text, ::strlen(text) + 1); }
  std::size_t Open(std::uint16_t type) {
    const std::size_t at = header()->nlmsg_len;
    Add(type, nullptr, 0);
    return at;
  }
  void Close(std::size_t at) {
    reinterpret_cast<rtattr*>(bytes_ + at)->rta_len =
        static_cast<std::uint16_t>(header()->nlmsg_len - at);
  }

  // 0, or the errno of the kernel's answer.
  int Send(int protocol) {
    const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0 || ::send(fd, bytes_, header()->nlmsg_len, 0) < 0) return errno;
    alignas(nlmsghdr) char answer[8192];
    const ssize_t size = ::recv(fd, answer, sizeof answer, 0);
    if (size < static_cast<ssize_t>(sizeof(nlmsghdr))) return size < 0 ? errno : EBADMSG;
    ::close(fd);
    if (reinterpret_cast<const nlmsghdr*>(answer)->nlmsg_type != NLMSG_ERROR) return 0;
    return -reinterpret_cast<const nlmsgerr*>(answer + NLMSG_HDRLEN)->error;
  }

 private:
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(bytes_); }
  void Append(const void* data, std::size_t size) {
    if (size > 0) ::memcpy(bytes_ + header()->nlmsg_len, data, size);
    header()->nlmsg_len += static_cast<std::uint32_t>(NLMSG_ALIGN(size));
  }

  alignas(nlmsghdr) char bytes_[1024] = {};
};

// A new interface of the kind, with more of IFLA_INFO_DATA where it needs it.
void MakeInterface(const char* kind, std::uint16_t data_type, const void* data, std::size_t size,
                   bool on_lo) {
  EnterNetwork();
  ifinfomsg info{};
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
  request.Add(IFLA_IFNAME, "probe0");
  const int lo = static_cast<int>(::if_nametoindex("lo"));
  if (on_lo) request.Add(IFLA_LINK, &lo, sizeof lo);
  const std::size_t link_info = request.Open(IFLA_LINKINFO);
  request.Add(IFLA_INFO_KIND, kind);
  if (size > 0) {
    const std::size_t info_data = request.Open(IFLA_INFO_DATA);
    request.Add(data_type, data, size);
    request.Close(info_data);
  }
  request.Close(link_info);
  const int error = request.Send(NETLINK_ROUTE);
  if (error != 0) Fails("RTM_NEWLINK", error);
}

void CheckVeth() { MakeInterface("veth", 0, nullptr, 0, false); }
void CheckBridge() { MakeInterface("bridge", 0, nullptr, 0, false); }
void CheckDummy() { MakeInterface("dummy", 0, nullptr, 0, false); }
void CheckVlan() {
  const std::uint16_t id = 7;
  // Nothing but a real link carries VLANs: a bridge does.
  EnterNetwork();
  ifinfomsg info{};
  Request bridge(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
  bridge.Add(IFLA_IFNAME, "below0");
  const std::size_t bridge_info = bridge.Open(IFLA_LINKINFO);
  bridge.Add(IFLA_INFO_KIND, "veth");
  bridge.Close(bridge_info);
  int error = bridge.Send(NETLINK_ROUTE);
  if (error != 0) Fails("RTM_NEWLINK of a veth", error);
  Request vlan(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof info);
  vlan.Add(IFLA_IFNAME, "probe0");
  const int below = static_cast<int>(::if_nametoindex("below0"));
  vlan.Add(IFLA_LINK, &below, sizeof below);
  const std::size_t vlan_info = vlan.Open(IFLA_LINKINFO);
  vlan.Add(IFLA_INFO_KIND, "vlan");
  const std::size_t data = vlan.Open(IFLA_INFO_DATA);
  vlan.Add(IFLA_VLAN_ID, &id, sizeof id);
  vlan.Close(data);
  vlan.Close(vlan_info);
  error = vlan.Send(NETLINK_ROUTE);
  if (error != 0) Fails("RTM_NEWLINK", error);
}

void CheckTap() {
  EnterNetwork();
  const int fd = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  Need(fd >= 0, "open(/dev/net/tun)");
  ifreq request{};
  ::strcpy(request.ifr_name, "probe0");
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  Need(::ioctl(fd, TUNSETIFF, &request) == 0, "ioctl(TUNSETIFF)");
}

// A queueing discipline on lo; its options are a struct.
void AddQueue(const char* kind, const void* options, std::size_t size) {
  EnterNetwork();
  BringUp("lo");
  tcmsg message{};
  message.tcm_ifindex = static_cast<int>(::if_nametoindex("lo"));
  message.tcm_parent = 0xFFFFFFFF;  // TC_H_ROOT
  message.tcm_handle = 0x10000;
  Request request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &message, sizeof message);
  request.Add(TCA_KIND, kind);
  if (size > 0) request.Add(TCA_OPTIONS, options, size);
  const int error = request.Send(NETLINK_ROUTE);
  if (error != 0) Fails("RTM_NEWQDISC", error);
}

void CheckNetem() {
  tc_netem_qopt options{};
  options.limit = 1000;
  AddQueue("netem", &options, sizeof options);
}

void CheckSockDiag() {
  EnterNetwork();
  const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  Need(fd >= 0, "socket(NETLINK_SOCK_DIAG)");
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  Need(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
       "bind(NETLINK_SOCK_DIAG)");
  const int group = SKNLGRP_INET_TCP_DESTROY;
  Need(::setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0,
       "NETLINK_ADD_MEMBERSHIP of destroyed sockets");
  inet_diag_req_v2 query{};
  query.sdiag_family = AF_INET;
  query.sdiag_protocol = IPPROTO_TCP;
  query.idiag_states = ~0u;
  Request request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &query, sizeof query);
  const int error = request.Send(NETLINK_SOCK_DIAG);
  if (error != 0) Fails("SOCK_DIAG_BY_FAMILY", error);
}

}  // namespace

std::vector<Check> NetworkChecks() {
  return {
      {"loopback", "loopback", Weight::kRequired, "127.0.0.1 of the cell's own", CheckLoopback},
      {"loopback6", "loopback of IPv6", Weight::kOptional, "::1 of the cell's own", CheckLoopback6},
      {"low_ports", "ports below 1024", Weight::kRequired, "tests that bind port 80",
       CheckLowPorts},
      {"sock_diag", "socket lists", Weight::kOptional, "findings about sockets and ports",
       CheckSockDiag},
      {"veth", "links (veth)", Weight::kOptional, "topologies of several hosts", CheckVeth},
      {"bridge", "switches (bridge)", Weight::kOptional, "topologies with switches", CheckBridge},
      {"netem", "delay and loss (netem)", Weight::kOptional,
       "links with a delay, loss or reordering", CheckNetem},
      {"tap", "TAP devices", Weight::kOptional, "tests that open /dev/net/tun", CheckTap},
      {"dummy", "dummy interfaces", Weight::kOptional, "tests that make dummy interfaces",
       CheckDummy},
      {"vlan", "VLANs", Weight::kOptional, "tests that make VLANs", CheckVlan},
  };
}

}  // namespace testcell::cli
