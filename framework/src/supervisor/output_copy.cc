#include "supervisor/output_copy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "posix/error.h"

namespace testcell::supervisor {

void OutputCopy::Add(int number, std::string_view text) {
  Stream& stream = streams_[static_cast<std::size_t>(number)];
  if (!stream.file) {
    stream.file.Reset(::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!stream.file) stream.file.Reset(::memfd_create("testcell-output", MFD_CLOEXEC));
  }
  const std::size_t part = std::min<std::uint64_t>(text.size(), kMostBytes - stream.size);
  const ssize_t written = posix::RetryOnInterrupt([&] {
    return ::pwrite(stream.file.get(), text.data(), part, static_cast<off_t>(stream.size));
  });
  const std::size_t kept = written < 0 ? 0 : static_cast<std::size_t>(written);
  stream.size += kept;
  stream.lost += text.size() - kept;
}

}  // namespace testcell::supervisor
