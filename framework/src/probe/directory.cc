#include "probe/directory.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

namespace testcell::probe {
namespace {

// Of what getdents64(2) writes: inode and offset of 8 bytes each, then the
// record's size in 2, its type in 1, and the name.
constexpr std::size_t kSizeOffset = 16;
constexpr std::size_t kNameOffset = 19;

}  // namespace

int ParseNumber(const char* text) {
  if (*text == '\0') return -1;
  long number = 0;
  for (; *text != '\0'; ++text) {
    if (*text < '0' || *text > '9' || number > 100'000'000) return -1;
    number = number * 10 + (*text - '0');
  }
  return static_cast<int>(number);
}

Directory::Directory(int at, const char* path)
    : fd_(::openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) {}

const char* Directory::Next() {
  while (fd_) {
    if (used_ >= filled_) {
      const long size = ::syscall(SYS_getdents64, fd_.get(), buffer_, sizeof buffer_);
      if (size <= 0) return nullptr;
      used_ = 0;
      filled_ = static_cast<std::size_t>(size);
    }
    unsigned short size;
    ::memcpy(&size, buffer_ + used_ + kSizeOffset, sizeof size);
    const char* const name = buffer_ + used_ + kNameOffset;
    used_ += size;
    if (::strcmp(name, ".") != 0 && ::strcmp(name, "..") != 0) return name;
  }
  return nullptr;
}

int Directory::NextNumber() {
  while (const char* name = Next()) {
    const int number = ParseNumber(name);
    if (number >= 0) return number;
  }
  return -1;
}

}  // namespace testcell::probe
