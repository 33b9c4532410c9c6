// Descriptors that go with a message to another process. Async-signal-safe.
#ifndef TESTCELL_SRC_POSIX_FD_PASSING_H_
#define TESTCELL_SRC_POSIX_FD_PASSING_H_

#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>

namespace testcell::posix {

inline constexpr int kMostPassedFds = 2;

// A message's descriptors; has to live until that is sent.
class PassedFds {
 public:
  void AddTo(msghdr* message, const int* fds, int count) {
    if (count <= 0) return;
    const std::size_t size =
        static_cast<std::size_t>(std::min(count, kMostPassedFds)) * sizeof *fds;
    message->msg_control = control_;
    message->msg_controllen = CMSG_SPACE(size);
    cmsghdr* const header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    ::memcpy(CMSG_DATA(header), fds, size);
  }

 private:
  alignas(cmsghdr) char control_[CMSG_SPACE(kMostPassedFds * sizeof(int))] = {};
};

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_FD_PASSING_H_
