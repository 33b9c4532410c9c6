// Descriptors that one process has another hold. Async-signal-safe.
#ifndef TESTCELL_SRC_POSIX_FD_PASSING_H_
#define TESTCELL_SRC_POSIX_FD_PASSING_H_

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace testcell::posix {

inline constexpr int kMostPassed = 4;

// With a byte of no meaning. False where the kernel refuses.
inline bool PassFds(int socket, const int* fds, int count) {
  char byte = 0;
  iovec data{&byte, sizeof byte};
  alignas(cmsghdr) char control[CMSG_SPACE(kMostPassed * sizeof(int))] = {};
  const std::size_t size = static_cast<std::size_t>(std::min(count, kMostPassed)) * sizeof(int);
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = CMSG_SPACE(size);
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(size);
  ::memcpy(CMSG_DATA(header), fds, size);
  ssize_t sent;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_FD_PASSING_H_
