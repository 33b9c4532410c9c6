#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cell/insides.h"

namespace testcell::cell {

// The kernel gives lo 127.0.0.1 and ::1 when it comes up (netdevice(7)).
void BringUpLoopback(const Context& context) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) Fail(context, Step::kLoopback, errno, "(socket)");
  ifreq request;
  ::memset(&request, 0, sizeof request);
  ::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(fd, SIOCSIFFLAGS, &request) != 0) Fail(context, Step::kLoopback, errno);
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
