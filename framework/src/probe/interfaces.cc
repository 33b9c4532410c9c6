#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "posix/unique_fd.h"
#include "probe/directory.h"
#include "probe/probes.h"

namespace testcell::probe {
namespace {

// What every network namespace has from its beginning, where the kernel has
// the module (net/core/net_namespace.c's users with a fallback device).
bool IsGiven(const char* name) {
  static constexpr const char* kGiven[] = {"lo",      "tunl0",    "sit0",    "ip6tnl0",
                                           "gre0",    "gretap0",  "erspan0", "ip6gre0",
                                           "ip_vti0", "ip6_vti0", "teql0"};
  for (const char* given : kGiven) {
    if (::strcmp(name, given) == 0) return true;
  }
  return false;
}

void ReportInterface(const char* message, std::size_t size, Sink* sink) {
  ifinfomsg info;
  if (size < sizeof info) return;
  ::memcpy(&info, message, sizeof info);
  std::size_t at = NLMSG_ALIGN(sizeof info);
  rtattr attribute;
  while (at + sizeof attribute <= size) {
    ::memcpy(&attribute, message + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute) return;
    const char* const value = message + at + sizeof attribute;
    if (attribute.rta_type == IFLA_IFNAME && !IsGiven(value)) {
      posix::FixedText<16> index;
      index.Add(static_cast<long>(info.ifi_index));
      sink->Report(LeakKind::kInterface, value,
                   {{"index", View(index)}, {"up", (info.ifi_flags & IFF_UP) != 0 ? "true" : ""}});
    }
    at += RTA_ALIGN(attribute.rta_len);
  }
}

// By the sysfs that was mounted for this network namespace, which is cheaper
// to ask. False if it isn't known.
bool HasOnlyGiven(int base) {
  Directory interfaces(base, "sys/class/net");
  if (!interfaces.ok()) return false;
  while (const char* name = interfaces.Next()) {
    if (!IsGiven(name)) return false;
  }
  return true;
}

// False at the end of the list.
bool TakeMessages(const char* buffer, std::size_t size, Sink* sink) {
  nlmsghdr header;
  for (std::size_t at = 0; at + sizeof header <= size; at += NLMSG_ALIGN(header.nlmsg_len)) {
    ::memcpy(&header, buffer + at, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > size - at) return false;
    if (header.nlmsg_type != RTM_NEWLINK) return false;
    ReportInterface(buffer + at + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN, sink);
  }
  return true;
}

}  // namespace

void ReportInterfaces(int base, Sink* sink) {
  if (HasOnlyGiven(base)) return;
  const posix::UniqueFd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  struct {
    nlmsghdr header;
    ifinfomsg info;
  } request;
  ::memset(&request, 0, sizeof request);
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  if (!fd || ::send(fd.get(), &request, sizeof request, 0) < 0) return;
  alignas(8) char buffer[16384];
  for (;;) {
    const ssize_t size = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0 || !TakeMessages(buffer, static_cast<std::size_t>(size), sink)) return;
  }
}

}  // namespace testcell::probe
