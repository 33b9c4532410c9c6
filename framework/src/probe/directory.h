// The names in a directory, read without allocation.
#ifndef TESTCELL_SRC_PROBE_DIRECTORY_H_
#define TESTCELL_SRC_PROBE_DIRECTORY_H_

#include <cstddef>

#include "posix/unique_fd.h"

namespace testcell::probe {

// Async-signal-safe.
class Directory {
 public:
  // `path` may be relative to the directory that `at` holds open.
  Directory(int at, const char* path);

  bool ok() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  // The next name but "." and ".."; null at the end. Valid until the next call.
  const char* Next();
  // The same for names that are numbers; -1 at the end.
  int NextNumber();

 private:
  posix::UniqueFd fd_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
  alignas(8) char buffer_[2048];
};

// A whole number in decimal digits, else -1.
int ParseNumber(const char* text);

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_DIRECTORY_H_
