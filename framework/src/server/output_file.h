// What a server writes: a memfd that it appends to by itself.
//
// A file and not a pipe, because a pipe must be drained while the test runs,
// by a thread (which changes what the test's own forks and death tests may do)
// or by another process; a full pipe blocks the server. The price: between two
// looks the file grows as the server writes, and a server that opens
// /dev/stdout to truncate it (a shell's "> /dev/stderr") loses what was there.
//
// Threads and forks: for one thread at a time.
#ifndef TESTCELL_SRC_SERVER_OUTPUT_FILE_H_
#define TESTCELL_SRC_SERVER_OUTPUT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "posix/unique_fd.h"

namespace testcell::server {

class OutputFile {
 public:
  // Keeps the last so many bytes. Throws std::system_error.
  explicit OutputFile(std::size_t limit_bytes);

  // For the server's stdout and stderr; not needed any more once it has them.
  int writer() const { return writer_.get(); }
  void CloseWriter() { writer_.Reset(); }

  // A descriptor that turns readable when something has been written since it
  // was last read (inotify(7)); none where the user's inotify instances are
  // used up.
  posix::UniqueFd Watch() const;

  // Bytes at the offset, at most so many; what has been given up reads as zeros.
  std::string ReadAt(std::uint64_t offset, std::size_t max_bytes) const;

  // Gives the memory of what is older than the limit back to the system.
  void Trim();

  // The last bytes within the limit, after a line that says what was dropped.
  std::string Kept() const;

  std::uint64_t Size() const;  // bytes ever written, those given up included

 private:
  std::size_t limit_bytes_;
  posix::UniqueFd reader_;
  posix::UniqueFd writer_;
  std::uint64_t trimmed_ = 0;
};

// Looks for a text in what is written, each byte once.
class TextSearch {
 public:
  TextSearch(const OutputFile& file, std::string text);
  // True from the first time on that the text has been seen. Does not block.
  bool Found();

 private:
  const OutputFile& file_;
  std::string text_;
  std::string window_;  // the end of what was read, which may be the text's beginning
  std::uint64_t next_ = 0;
  bool found_ = false;
};

}  // namespace testcell::server

#endif  // TESTCELL_SRC_SERVER_OUTPUT_FILE_H_
