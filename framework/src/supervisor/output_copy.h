// A copy of what a test prints, for the case that it fails: in files without a
// name, of which nothing is left if nobody asks for them.
#ifndef TESTCELL_SRC_SUPERVISOR_OUTPUT_COPY_H_
#define TESTCELL_SRC_SUPERVISOR_OUTPUT_COPY_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "posix/unique_fd.h"

namespace testcell::supervisor {

class OutputCopy {
 public:
  static constexpr std::uint64_t kMostBytes = 64u << 20;  // of a stream

  // The files are in `directory`, else in memory.
  explicit OutputCopy(std::string directory) : directory_(std::move(directory)) {}

  void Add(int stream, std::string_view text);
  // -1: the stream has said nothing.
  int fd(int stream) const { return streams_[static_cast<std::size_t>(stream)].file.get(); }
  // Of its end, which is not there.
  std::uint64_t lost_bytes(int stream) const {
    return streams_[static_cast<std::size_t>(stream)].lost;
  }

 private:
  struct Stream {
    posix::UniqueFd file;
    std::uint64_t size = 0;
    std::uint64_t lost = 0;
  };

  std::string directory_;
  std::array<Stream, 2> streams_;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_OUTPUT_COPY_H_
