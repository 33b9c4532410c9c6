#include "support/tcp_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace {

constexpr timeval kPatience = {10, 0};

[[noreturn]] void ThrowErrno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

TcpClient::TcpClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) ThrowErrno("socket");
  // A server that hangs is to fail the test, and long before its time limit.
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close(fd_);
    errno = error;
    ThrowErrno("connect to 127.0.0.1:" + std::to_string(port));
  }
}

TcpClient::~TcpClient() { close(fd_); }

void TcpClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    // A server that is gone is an error to throw, not a SIGPIPE to die of.
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) ThrowErrno("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string TcpClient::ReadLine() {
  std::size_t end = received_.find('\n');
  while (end == std::string::npos) {
    NeedMore();
    end = received_.find('\n');
  }
  std::string line = Take(end + 1);
  line.pop_back();
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

std::string TcpClient::ReadExactly(std::size_t count) {
  while (received_.size() < count) NeedMore();
  return Take(count);
}

std::string TcpClient::ReadToEnd() {
  while (ReadMore()) {
  }
  return Take(received_.size());
}

bool TcpClient::ReadMore() {
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t count = recv(fd_, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) ThrowErrno("receive");
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
}

void TcpClient::NeedMore() {
  if (!ReadMore()) {
    throw std::runtime_error("the server closed the connection after \"" + received_ + "\"");
  }
}

std::string TcpClient::Take(std::size_t count) {
  std::string taken = received_.substr(0, count);
  received_.erase(0, count);
  return taken;
}
