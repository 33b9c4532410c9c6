// Listens until SIGTERM, then says how many connections came:
//   server_listen tcp|tcp6 PORT
//   server_listen unix PATH
//   server_listen abstract NAME
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

int Fail(const char* what) {
  ::perror(what);
  return 1;
}

int Bind(int fd, const sockaddr* address, socklen_t size) {
  // The test holds the port bound, with the same option, so that it is free.
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return ::bind(fd, address, size);
}

int BindUnix(int fd, const std::string& name, bool abstract) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ::memcpy(address.sun_path + (abstract ? 1 : 0), name.data(), name.size());
  const std::size_t size = offsetof(sockaddr_un, sun_path) + 1 + name.size();
  return Bind(fd, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size));
}

int BindTcp(int fd, const char* port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  address.sin_port = ::htons(static_cast<std::uint16_t>(::atoi(port)));
  return Bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

int BindTcp6(int fd, const char* port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  address.sin6_port = ::htons(static_cast<std::uint16_t>(::atoi(port)));
  return Bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string kind = argv[1];
  const int family = kind == "tcp" ? AF_INET : kind == "tcp6" ? AF_INET6 : AF_UNIX;
  const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) return Fail("socket");
  const int bound = family == AF_INET    ? BindTcp(fd, argv[2])
                    : family == AF_INET6 ? BindTcp6(fd, argv[2])
                                         : BindUnix(fd, argv[2], kind == "abstract");
  if (bound != 0) return Fail("bind");

  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  if (::listen(fd, 16) != 0) return Fail("listen");
  int signal = 0;
  ::sigwait(&term, &signal);

  int connections = 0;
  while (::accept(fd, nullptr, nullptr) >= 0) ++connections;
  ::printf("connections: %d\n", connections);
  return 0;
}
