// Keeps the output of tests whose turn in the replay has not come: a little
// in memory, the rest in one unlinked file.
#ifndef TESTCELL_SRC_SUPERVISOR_SPOOL_H_
#define TESTCELL_SRC_SUPERVISOR_SPOOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "posix/unique_fd.h"
#include "testcell/internal/held_text.h"

namespace testcell::supervisor {

class Spool : public std::enable_shared_from_this<Spool> {
 public:
  // At most this much stays in memory, over all that is kept.
  static std::shared_ptr<Spool> Make(std::size_t memory_bytes = 16u << 20) {
    return std::shared_ptr<Spool>(new Spool(memory_bytes));
  }

  // Where no file can be had the text stays in memory.
  internal::HeldText Keep(std::string text);

  std::size_t memory_left() const { return memory_left_; }
  std::uint64_t in_file() const { return in_file_; }

 private:
  friend class SpooledText;

  // Text that is here or in the file.
  struct Piece {
    std::string text;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  // in the file; 0: it is in `text`
    std::size_t charged = 0;   // to the memory
  };

  explicit Spool(std::size_t memory_bytes) : memory_left_(memory_bytes) {}
  bool OpenFile();
  bool Write(const std::string& text, Piece* piece);
  // The piece's next part; what is left of it has length 0 and no text then.
  std::string Take(Piece* piece);
  void Drop(const Piece& piece);
  void Release(std::uint64_t file_bytes);

  std::size_t memory_left_;
  posix::UniqueFd file_;
  std::uint64_t file_end_ = 0;
  std::uint64_t in_file_ = 0;  // bytes not taken yet
};

// Pieces that follow each other: what a HeldText holds.
class SpooledText {
 public:
  SpooledText(std::shared_ptr<Spool> spool, Spool::Piece piece);
  ~SpooledText();
  SpooledText(const SpooledText&) = delete;
  SpooledText& operator=(const SpooledText&) = delete;

  bool empty() const { return next_ == pieces_.size(); }
  std::string Read();
  void Append(SpooledText* other);

 private:
  // True where the last piece has taken it in.
  bool Join(Spool::Piece* piece);

  std::shared_ptr<Spool> spool_;
  std::vector<Spool::Piece> pieces_;
  std::size_t next_ = 0;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_SPOOL_H_
