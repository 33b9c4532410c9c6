// Reports as files: whole, or not there.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "posix/error.h"
#include "posix/unique_fd.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

std::string Refusal(const std::string& path, const char* step) {
  return fmt::format("cannot write the report {}: {}: {}", path, step, posix::ErrnoText(errno));
}

// There, and nothing that could be put in place by another name.
bool IsSpecial(const std::string& path, struct stat* status) {
  return ::stat(path.c_str(), status) == 0 && !S_ISREG(status->st_mode);
}

bool WriteAll(int fd, const std::string& content) {
  std::size_t written = 0;
  while (written < content.size()) {
    const ssize_t result = posix::RetryOnInterrupt(
        [&] { return ::write(fd, content.data() + written, content.size() - written); });
    if (result < 0) return false;
    written += static_cast<std::size_t>(result);
  }
  return true;
}

// Beside the path, so that it can take its place; its name is in *temporary.
posix::UniqueFd MakeTemporary(const std::string& path, std::string* temporary) {
  *temporary = path + ".XXXXXX";
  return posix::UniqueFd(::mkostemp(temporary->data(), O_CLOEXEC));
}

// mkostemp(3) makes files for their owner alone; a report is as any other.
bool OpenToOthers(int fd) {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  constexpr mode_t kEverybody = 0666;
  return ::fchmod(fd, kEverybody & ~mask) == 0;
}

}  // namespace

std::string CheckWritable(const std::string& path) {
  struct stat status {};
  if (IsSpecial(path, &status)) {
    if (S_ISDIR(status.st_mode)) {
      errno = EISDIR;
      return Refusal(path, "open");
    }
    return ::access(path.c_str(), W_OK) == 0 ? std::string() : Refusal(path, "access");
  }
  std::string temporary;
  const posix::UniqueFd file = MakeTemporary(path, &temporary);
  if (!file) return Refusal(path, "mkostemp");
  ::unlink(temporary.c_str());
  return std::string();
}

std::string WriteFile(const std::string& path, const std::string& content) {
  struct stat status {};
  if (IsSpecial(path, &status)) {
    const posix::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file) return Refusal(path, "open");
    return WriteAll(file.get(), content) ? std::string() : Refusal(path, "write");
  }
  std::string temporary;
  const posix::UniqueFd file = MakeTemporary(path, &temporary);
  if (!file) return Refusal(path, "mkostemp");
  const char* step = nullptr;
  if (!WriteAll(file.get(), content)) step = "write";
  if (step == nullptr && !OpenToOthers(file.get())) step = "fchmod";
  if (step == nullptr && ::rename(temporary.c_str(), path.c_str()) != 0) step = "rename";
  if (step == nullptr) return std::string();
  std::string refusal = Refusal(path, step);
  ::unlink(temporary.c_str());
  return refusal;
}

}  // namespace testcell::report
