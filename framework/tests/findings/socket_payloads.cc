#include <linux/netlink.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "payloads.h"

namespace {

using namespace payloads;

int Listener(int port) {
  const int fd = Tcp(AF_INET);
  MUST(Bind(fd, Ipv4("0.0.0.0", port)));
  MUST(::listen(fd, 5));
  return fd;
}

PAYLOAD(tcp_listener_left) { Listener(80); }
PAYLOAD(tcp_listener_clean) { ::close(Listener(80)); }

PAYLOAD(tcp_bound_left) { MUST(Bind(Tcp(AF_INET), Ipv4("127.0.0.1", 81))); }
PAYLOAD(tcp_bound_clean) {
  const int fd = Tcp(AF_INET);
  MUST(Bind(fd, Ipv4("127.0.0.1", 81)));
  ::close(fd);
}
PAYLOAD(tcp_unbound_left) { Tcp(AF_INET); }

PAYLOAD(tcp6_listener_left) {
  const int fd = Tcp(AF_INET6);
  MUST(Bind(fd, Ipv6("::", 82)));
  MUST(::listen(fd, 5));
}
PAYLOAD(tcp6_listener_clean) {
  const int fd = Tcp(AF_INET6);
  MUST(Bind(fd, Ipv6("::", 82)));
  MUST(::listen(fd, 5));
  ::close(fd);
}

PAYLOAD(udp_left) { MUST(Bind(Udp(AF_INET), Ipv4("127.0.0.1", 53))); }
PAYLOAD(udp_clean) {
  const int fd = Udp(AF_INET);
  MUST(Bind(fd, Ipv4("127.0.0.1", 53)));
  ::close(fd);
}
PAYLOAD(udp6_left) { MUST(Bind(Udp(AF_INET6), Ipv6("::1", 54))); }
PAYLOAD(udp6_clean) {
  const int fd = Udp(AF_INET6);
  MUST(Bind(fd, Ipv6("::1", 54)));
  ::close(fd);
}

// A server with its client: one port was chosen, the client's was not.
void Converse(int listener, int* client, int* server) {
  sockaddr_in address;
  socklen_t size = sizeof address;
  MUST(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size));
  *client = Tcp(AF_INET);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  MUST(::connect(*client, reinterpret_cast<sockaddr*>(&address), sizeof address));
  *server = MUST(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
}
PAYLOAD(tcp_connection_clean) {
  const int listener = Listener(8080);
  for (int i = 0; i < 100; ++i) {
    int client;
    int server;
    Converse(listener, &client, &server);
    ::close(client);
    ::close(server);
  }
  ::close(listener);
}
PAYLOAD(tcp_high_port_clean) { ::close(Listener(50051)); }
PAYLOAD(tcp_connection_left) {
  const int listener = Listener(8080);
  int client;
  int server;
  Converse(listener, &client, &server);
  ::close(listener);
}
PAYLOAD(tcp_ephemeral_clean) {
  const int listener = Listener(0);
  int client;
  int server;
  Converse(listener, &client, &server);
  ::close(client);
  ::close(server);
  ::close(listener);
}

// By a child that was killed with the socket open.
PAYLOAD(tcp_child_clean) {
  Stop(StartActor([] { Listener(83); }));
}
PAYLOAD(tcp_child_left) {
  StartActor([] { Listener(83); });
}
// Open in the test process and in the child that it left: one socket.
PAYLOAD(tcp_shared_left) {
  Listener(84);
  StartSleeper();
}

PAYLOAD(unix_path_left) {
  const int fd = MUST(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  MUST(BindUnix(fd, "/tmp/server.sock"));
  MUST(::listen(fd, 5));
  MUST(::unlink("/tmp/server.sock"));
}
PAYLOAD(unix_path_clean) {
  const int fd = MUST(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  MUST(BindUnix(fd, "/tmp/server.sock"));
  ::close(fd);
  MUST(::unlink("/tmp/server.sock"));
}
PAYLOAD(unix_abstract_left) {
  const int fd = MUST(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  MUST(BindUnix(fd, "@zoo"));
  MUST(::listen(fd, 5));
}
PAYLOAD(unix_abstract_clean) {
  const int fd = MUST(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  MUST(BindUnix(fd, "@zoo"));
  ::close(fd);
}
// Names of which every byte counts.
void BindAll(bool close) {
  const char full[100] = "@full";
  for (const std::string& name :
       {std::string("@bin\1"), std::string("@bin\2"), std::string("@nul"), std::string("@nul\0", 5),
        std::string("@a\\b"), std::string(full, sizeof full)}) {
    const int fd = MUST(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    MUST(BindUnix(fd, name));
    if (close) ::close(fd);
  }
}
PAYLOAD(unix_abstract_bytes_left) { BindAll(false); }
PAYLOAD(unix_abstract_bytes_clean) { BindAll(true); }
PAYLOAD(unix_abstract_child_left) {
  StartActor([] {
    const int fd = MUST(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    MUST(BindUnix(fd, "@zoo"));
  });
}
PAYLOAD(unix_pair_left) {
  int pair[2];
  MUST(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}
PAYLOAD(unix_pair_clean) {
  int pair[2];
  MUST(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  ::close(pair[0]);
  ::close(pair[1]);
}

// In a network that the test has made for itself.
void BindElsewhere(bool close) {
  MUST(::unshare(CLONE_NEWNET));
  const int port = Listener(85);
  const int name = MUST(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  MUST(BindUnix(name, "@elsewhere"));
  if (!close) return;
  ::close(port);
  ::close(name);
}
PAYLOAD(network_unshared_left) { BindElsewhere(false); }
PAYLOAD(network_unshared_clean) { BindElsewhere(true); }

PAYLOAD(netlink_left) { MUST(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)); }
PAYLOAD(netlink_clean) {
  ::close(MUST(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)));
}
void OpenOddSockets() {
  MUST(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  MUST(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
  MUST(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
  Tcp(AF_INET);
  int pair[2];
  MUST(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
}
PAYLOAD(odd_child_left) { StartActor(OpenOddSockets); }
PAYLOAD(odd_child_clean) { Stop(StartActor(OpenOddSockets)); }

PAYLOAD(raw_left) { MUST(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)); }
PAYLOAD(raw_clean) { ::close(MUST(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP))); }
PAYLOAD(packet_left) { MUST(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))); }
PAYLOAD(packet_clean) {
  ::close(MUST(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL))));
}

}  // namespace
