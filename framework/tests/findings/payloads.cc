#include "payloads.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace payloads {

std::map<std::string, Run>& All() {
  static auto* all = new std::map<std::string, Run>;
  return *all;
}

int Check(const char* what, long result) {
  if (result >= 0) return static_cast<int>(result);
  std::perror(what);
  ::_exit(1);
}

pid_t StartActor(const std::function<void()>& act) {
  int ready[2];
  MUST(::pipe2(ready, O_CLOEXEC));
  const pid_t child = MUST(::fork());
  if (child == 0) {
    act();
    ::close(ready[0]);
    MUST(::write(ready[1], "x", 1));
    ::close(ready[1]);
    for (;;) ::pause();
  }
  ::close(ready[1]);
  char byte;
  MUST(::read(ready[0], &byte, 1));
  ::close(ready[0]);
  return child;
}

pid_t StartSleeper() {
  return StartActor([] {});
}

void Stop(pid_t child) {
  MUST(::kill(child, SIGKILL));
  MUST(::waitpid(child, nullptr, 0));
}

void WriteFile(const std::string& path, const std::string& text) {
  const int fd = MUST(::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644));
  MUST(::write(fd, text.data(), text.size()));
  ::close(fd);
}

sockaddr_in Ipv4(const char* address, int port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address, &result.sin_addr);
  return result;
}

sockaddr_in6 Ipv6(const char* address, int port) {
  sockaddr_in6 result{};
  result.sin6_family = AF_INET6;
  result.sin6_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET6, address, &result.sin6_addr);
  return result;
}

int Bind(int fd, const sockaddr_in& address) {
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

int Bind(int fd, const sockaddr_in6& address) {
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

int BindUnix(int fd, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  const std::size_t size = offsetof(sockaddr_un, sun_path) + name.size();
  return ::bind(fd, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

int Tcp(int family) { return MUST(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)); }
int Udp(int family) { return MUST(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

}  // namespace payloads
