// Keeps the output of tests whose turn in the replay has not come: a little
// in memory, the rest in one unlinked file.
#ifndef TESTCELL_SRC_SUPERVISOR_SPOOL_H_
#define TESTCELL_SRC_SUPERVISOR_SPOOL_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "posix/unique_fd.h"

namespace testcell::supervisor {

class Spool {
 public:
  // At most this much stays in memory, over all units.
  explicit Spool(std::size_t memory_bytes = 16u << 20) : memory_left_(memory_bytes) {}

  // Text that is here or in the file.
  struct Piece {
    std::string text;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  // in the file; 0: it is in `text`
    std::size_t charged = 0;   // to the memory
  };

  // Where no file can be had the text stays in memory.
  Piece Keep(std::string text);
  // The piece's next part, of a bounded size. True when it was the last.
  bool Take(Piece* piece, std::string* text);

 private:
  bool OpenFile();

  std::size_t memory_left_;
  posix::UniqueFd file_;
  std::uint64_t file_end_ = 0;
  std::uint64_t in_file_ = 0;  // bytes not taken yet
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_SPOOL_H_
