#include "supervisor/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace testcell::supervisor {
namespace {

constexpr std::size_t kPart = 1 << 20;

}  // namespace

bool Spool::OpenFile() {
  if (file_) return true;
  const char* directory = std::getenv("TMPDIR");
  for (const char* path : {directory, "/var/tmp", "/tmp"}) {
    if (path == nullptr || *path == '\0') continue;
    file_.Reset(::open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file_) return true;
  }
  return false;
}

Spool::Piece Spool::Keep(std::string text) {
  Piece piece;
  if (text.size() > memory_left_ && OpenFile()) {
    const ssize_t size = static_cast<ssize_t>(text.size());
    if (::pwrite(file_.get(), text.data(), text.size(), static_cast<off_t>(file_end_)) == size) {
      piece.offset = file_end_;
      piece.length = text.size();
      file_end_ += text.size();
      in_file_ += text.size();
      return piece;
    }
  }
  piece.charged = std::min(memory_left_, text.size());
  memory_left_ -= piece.charged;
  piece.text = std::move(text);
  return piece;
}

bool Spool::Take(Piece* piece, std::string* text) {
  if (piece->length == 0) {
    memory_left_ += piece->charged;
    *text = std::move(piece->text);
    return true;
  }
  const std::size_t part = std::min<std::uint64_t>(piece->length, kPart);
  text->resize(part);
  const ssize_t got = ::pread(file_.get(), text->data(), part, static_cast<off_t>(piece->offset));
  text->resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  piece->offset += part;
  piece->length -= part;
  in_file_ -= part;
  if (in_file_ == 0) {
    // Everything was taken: give the blocks back.
    if (::ftruncate(file_.get(), 0) == 0) file_end_ = 0;
  }
  return piece->length == 0;
}

}  // namespace testcell::supervisor
