#include "server/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "posix/error.h"

namespace testcell::server {

namespace {

constexpr std::size_t kChunkBytes = 1u << 16;
// Holes are made of whole pages, and not for every few of them.
constexpr std::uint64_t kTrimBytes = 1u << 18;

std::string FdPath(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

}  // namespace

OutputFile::OutputFile(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {
  reader_.Reset(::memfd_create("testcell-server-output", MFD_CLOEXEC));
  if (!reader_) posix::ThrowErrno(errno, "memfd_create for the output");
  // Opened anew, because Linux has sent no inotify events for writes to what
  // memfd_create returned since 6.14, but does so for other open file
  // descriptions of the same file. Appending, so that stdout, stderr and a
  // /dev/stdout that the server opens by itself don't overwrite each other.
  writer_.Reset(::open(FdPath(reader_.get()).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  if (!writer_) posix::ThrowErrno(errno, "open {} for the output", FdPath(reader_.get()));
}

posix::UniqueFd OutputFile::Watch() const {
  posix::UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch) return watch;
  if (::inotify_add_watch(watch.get(), FdPath(reader_.get()).c_str(), IN_MODIFY) < 0) watch.Reset();
  return watch;
}

std::uint64_t OutputFile::Size() const {
  struct stat status = {};
  if (::fstat(reader_.get(), &status) != 0) posix::ThrowErrno(errno, "fstat of the output");
  return static_cast<std::uint64_t>(status.st_size);
}

std::string OutputFile::ReadAt(std::uint64_t offset, std::size_t max_bytes) const {
  std::string bytes(max_bytes, '\0');
  std::size_t filled = 0;
  while (filled < max_bytes) {
    const ssize_t count = posix::RetryOnInterrupt([&] {
      return ::pread(reader_.get(), bytes.data() + filled, max_bytes - filled,
                     static_cast<off_t>(offset + filled));
    });
    if (count < 0) posix::ThrowErrno(errno, "pread of the output");
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  bytes.resize(filled);
  return bytes;
}

void OutputFile::Trim() {
  const std::uint64_t size = Size();
  if (size <= limit_bytes_) return;
  const std::uint64_t end = (size - limit_bytes_) / kTrimBytes * kTrimBytes;
  if (end <= trimmed_) return;
  // Best effort: what can't be given back is only memory.
  posix::RetryOnInterrupt([&] {
    return ::fallocate(reader_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                       static_cast<off_t>(end));
  });
  trimmed_ = end;
}

std::string OutputFile::Kept() const {
  const std::uint64_t size = Size();
  if (size <= limit_bytes_) return ReadAt(0, static_cast<std::size_t>(size));
  const std::uint64_t dropped = size - limit_bytes_;
  return fmt::format("[testcell] {} bytes before this were dropped\n", dropped) +
         ReadAt(dropped, limit_bytes_);
}

TextSearch::TextSearch(const OutputFile& file, std::string text)
    : file_(file), text_(std::move(text)) {}

bool TextSearch::Found() {
  if (file_.Size() < next_) next_ = 0;
  while (!found_) {
    const std::string chunk = file_.ReadAt(next_, kChunkBytes);
    if (chunk.empty()) return false;
    next_ += chunk.size();
    window_ += chunk;
    found_ = window_.find(text_) != std::string::npos;
    window_.erase(0, window_.size() - std::min(window_.size(), text_.size() - 1));
  }
  return true;
}

}  // namespace testcell::server
