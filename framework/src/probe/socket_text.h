// Sockets by the names that a person would give them: "tcp 0.0.0.0:80
// listening", "unix @name", "netlink route".
#ifndef TESTCELL_SRC_PROBE_SOCKET_TEXT_H_
#define TESTCELL_SRC_PROBE_SOCKET_TEXT_H_

#include "posix/fixed_text.h"
#include "posix/sock_diag.h"
#include "probe/sink.h"

namespace testcell::probe {

// "0.0.0.0:80", "[::1]:80".
using Endpoint = posix::FixedText<64>;
Endpoint EndpointName(int family, const posix::InetEndpoint& endpoint);

Text SocketName(const posix::InetSocket& socket);
Text SocketName(const posix::UnixSocket& socket);

// "@name", "/path"; empty: it has none. What can't be printed of an abstract
// name, and a backslash, are "\xNN", many zeros at its end "\x00{100}".
Text UnixName(const posix::UnixSocket& socket);

struct OwnSocket {
  Text name;
  posix::FixedText<108> abstract;  // of a Unix socket that has one, without its zero
  posix::InetSocket inet;          // of TCP and UDP; else without a port
  // Of libc's own making: its connection to the system's log, and what it is
  // told of message queues by.
  bool of_libc = false;
};
// Of a descriptor of this process; false if it is no socket.
bool DescribeOwnSocket(int fd, OwnSocket* socket);

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_SOCKET_TEXT_H_
