#include "probe/fd_table.h"

#include <fcntl.h>

#include "probe/directory.h"

namespace testcell::probe {

void FdTable::Fill() {
  count_ = 0;
  Directory fds(AT_FDCWD, "/proc/self/fd");
  for (int fd = fds.NextNumber(); fd >= 0; fd = fds.NextNumber()) {
    if (fd != fds.fd()) Update(fd);
  }
}

void FdTable::Update(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0) return;
  std::size_t at = 0;
  while (at < count_ && entries_[at].fd != fd) ++at;
  if (at == kCapacity) return;
  entries_[at] = {fd, status.st_dev, status.st_ino};
  if (at == count_) ++count_;
}

bool FdTable::Has(int fd, const struct stat& status) const {
  // Where there were too many to know them, none is the test's for certain.
  if (count_ == kCapacity) return true;
  for (std::size_t at = 0; at < count_; ++at) {
    const Entry& entry = entries_[at];
    if (entry.fd == fd) return entry.device == status.st_dev && entry.inode == status.st_ino;
  }
  return false;
}

bool FdTable::HasFile(const struct stat& status) const {
  if (count_ == kCapacity) return true;
  for (std::size_t at = 0; at < count_; ++at) {
    const Entry& entry = entries_[at];
    if (entry.device == status.st_dev && entry.inode == status.st_ino) return true;
  }
  return false;
}

bool FdTable::IsAll() const {
  // Linux 6.2 gives the number of open descriptors as the directory's size.
  struct stat status;
  if (::stat("/proc/self/fd", &status) != 0 || status.st_size == 0) return false;
  off_t known = 0;
  for (std::size_t at = 0; at < count_; ++at) {
    struct stat file;
    const Entry& entry = entries_[at];
    if (::fstat(entry.fd, &file) == 0 && file.st_dev == entry.device &&
        file.st_ino == entry.inode) {
      ++known;
    }
  }
  return known == status.st_size;
}

}  // namespace testcell::probe
