// The owner of a file descriptor.
#ifndef TESTCELL_SRC_POSIX_UNIQUE_FD_H_
#define TESTCELL_SRC_POSIX_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace testcell::posix {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  // close(2) frees the descriptor even when it reports EINTR, so it is never
  // called again: by then the number may be somebody else's.
  void Reset(int fd = -1) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_UNIQUE_FD_H_
