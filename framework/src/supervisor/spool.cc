#include "supervisor/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace testcell {
namespace supervisor {
namespace {

constexpr std::size_t kPart = 1 << 20;
// Up to which pieces in memory grow together.
constexpr std::size_t kJoined = 1 << 16;
// What a piece takes beside its text, so that many small ones count, too.
constexpr std::size_t kOverhead = 256;

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

bool Spool::Write(const std::string& text, Piece* piece) {
  const ssize_t size = static_cast<ssize_t>(text.size());
  if (!OpenFile() ||
      ::pwrite(file_.get(), text.data(), text.size(), static_cast<off_t>(file_end_)) != size) {
    return false;
  }
  piece->offset = file_end_;
  piece->length = text.size();
  file_end_ += text.size();
  in_file_ += text.size();
  return true;
}

internal::HeldText Spool::Keep(std::string text) {
  internal::HeldText output;
  if (text.empty()) return output;
  Piece piece;
  if (text.size() + kOverhead <= memory_left_ || !Write(text, &piece)) {
    piece.charged = std::min(memory_left_, text.size() + kOverhead);
    memory_left_ -= piece.charged;
    piece.text = std::move(text);
  }
  output.text_ = std::make_unique<SpooledText>(shared_from_this(), std::move(piece));
  return output;
}

std::string Spool::Take(Piece* piece) {
  if (piece->length == 0) {
    memory_left_ += piece->charged;
    return std::move(piece->text);
  }
  const std::size_t part = std::min<std::uint64_t>(piece->length, kPart);
  std::string text(part, '\0');
  const ssize_t got = ::pread(file_.get(), text.data(), part, static_cast<off_t>(piece->offset));
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  piece->offset += part;
  piece->length -= part;
  Release(part);
  return text;
}

void Spool::Drop(const Piece& piece) {
  memory_left_ += piece.charged;
  Release(piece.length);
}

void Spool::Release(std::uint64_t file_bytes) {
  if (file_bytes == 0) return;
  in_file_ -= file_bytes;
  // Everything was taken: give the blocks back.
  if (in_file_ == 0 && ::ftruncate(file_.get(), 0) == 0) file_end_ = 0;
}

SpooledText::SpooledText(std::shared_ptr<Spool> spool, Spool::Piece piece)
    : spool_(std::move(spool)) {
  pieces_.push_back(std::move(piece));
}

SpooledText::~SpooledText() {
  for (; next_ < pieces_.size(); ++next_) spool_->Drop(pieces_[next_]);
}

std::string SpooledText::Read() {
  Spool::Piece& piece = pieces_[next_];
  const bool whole = piece.length <= kPart;
  std::string text = spool_->Take(&piece);
  if (whole) ++next_;
  return text;
}

void SpooledText::Append(SpooledText* other) {
  for (; other->next_ < other->pieces_.size(); ++other->next_) {
    Spool::Piece& piece = other->pieces_[other->next_];
    if (!Join(&piece)) pieces_.push_back(std::move(piece));
  }
}

bool SpooledText::Join(Spool::Piece* piece) {
  if (empty()) return false;
  Spool::Piece& last = pieces_.back();
  if (last.length > 0 && piece->length > 0 && last.offset + last.length == piece->offset) {
    last.length += piece->length;
    return true;
  }
  if (last.length > 0 || piece->length > 0 || last.text.size() + piece->text.size() > kJoined) {
    return false;
  }
  last.text += piece->text;
  last.charged += piece->charged;
  return true;
}

}  // namespace supervisor

namespace internal {

HeldText::HeldText() = default;
HeldText::~HeldText() = default;
HeldText::HeldText(HeldText&& other) noexcept = default;
HeldText& HeldText::operator=(HeldText&& other) noexcept = default;

std::string HeldText::Read() {
  if (text_ == nullptr) return std::string();
  std::string text = text_->Read();
  if (text_->empty()) text_.reset();
  return text;
}

void HeldText::Append(HeldText other) {
  if (text_ == nullptr) {
    text_ = std::move(other.text_);
  } else if (other.text_ != nullptr) {
    text_->Append(other.text_.get());
  }
}

}  // namespace internal
}  // namespace testcell
