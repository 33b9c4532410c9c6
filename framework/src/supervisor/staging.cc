#include "supervisor/staging.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "posix/error.h"

namespace testcell::supervisor {
namespace {

constexpr std::size_t kBlock = 128 << 10;
constexpr mode_t kPermissions = 0777;  // neither set-user-id nor its like

int ErrnoOf(int result) { return result < 0 ? errno : 0; }

// 0, or errno. At the end of the file the block is empty.
int ReadBlock(int fd, std::string* block) {
  block->resize(kBlock);
  std::size_t filled = 0;
  while (filled < kBlock) {
    const ssize_t size = posix::RetryOnInterrupt(
        [&] { return ::read(fd, block->data() + filled, kBlock - filled); });
    if (size < 0) return errno;
    if (size == 0) break;
    filled += static_cast<std::size_t>(size);
  }
  block->resize(filled);
  return 0;
}

int WriteBlock(int fd, const std::string& block) {
  std::size_t written = 0;
  while (written < block.size()) {
    const ssize_t size = posix::RetryOnInterrupt(
        [&] { return ::write(fd, block.data() + written, block.size() - written); });
    if (size < 0) return errno;
    written += static_cast<std::size_t>(size);
  }
  return 0;
}

int CopyContent(int from, int to) {
  std::string block;
  do {
    if (const int error = ReadBlock(from, &block); error != 0) return error;
    if (const int error = WriteBlock(to, block); error != 0) return error;
  } while (!block.empty());
  return 0;
}

bool SameContent(int one, int other) {
  std::string block;
  std::string other_block;
  do {
    if (ReadBlock(one, &block) != 0 || ReadBlock(other, &other_block) != 0) return false;
    if (block != other_block) return false;
  } while (!block.empty());
  return true;
}

std::string ReadLink(const CellFile& file) {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(file.directory, file.name.c_str(), target, sizeof target);
  return std::string(target, size < 0 ? 0 : static_cast<std::size_t>(size));
}

// The directory that holds the path, or the last above it that exists. Not by
// a symbolic link below the root, which would lead elsewhere than in the cell.
struct Parent {
  posix::UniqueFd fd;
  std::string name;  // of the path in it; empty: a directory between is missing
  int error = 0;
};

Parent OpenParent(const HostPath& path) {
  Parent parent;
  parent.fd.Reset(::open(path.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!parent.fd) parent.error = errno;
  std::size_t begin = 0;
  while (parent.fd) {
    const std::size_t end = path.below.find('/', begin);
    const std::string name = path.below.substr(begin, end - begin);
    if (end == path.below.npos) {
      parent.name = name;
      return parent;
    }
    posix::UniqueFd next(
        ::openat(parent.fd.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next && errno == ENOENT) return parent;
    if (!next) parent.error = errno;
    parent.fd = std::move(next);
    begin = end + 1;
  }
  return parent;
}

// What would fail later can be told of the test now.
int CheckPlace(const CellFile& file, const HostPath& path) {
  const Parent parent = OpenParent(path);
  if (parent.error != 0) return parent.error;
  struct stat there;
  if (!parent.name.empty() &&
      ::fstatat(parent.fd.get(), parent.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) {
    const bool directory = S_ISDIR(file.status.st_mode);
    if (S_ISDIR(there.st_mode) && directory) return 0;
    if (S_ISDIR(there.st_mode)) return EISDIR;
    if (directory) return ENOTDIR;
  }
  return ErrnoOf(::faccessat(parent.fd.get(), ".", W_OK | X_OK, AT_EACCESS));
}

// A name to write to beside the one that is to be replaced.
class Temporary {
 public:
  explicit Temporary(int directory) : directory_(directory) {
    static unsigned count = 0;
    name_ = fmt::format(".testcell-carry-{}-{}", ::getpid(), ++count);
  }
  ~Temporary() {
    if (!renamed_) ::unlinkat(directory_, name_.c_str(), 0);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  const char* name() const { return name_.c_str(); }
  int RenameTo(const std::string& name) {
    const int error = ErrnoOf(::renameat(directory_, name_.c_str(), directory_, name.c_str()));
    renamed_ = error == 0;
    return error;
  }

 private:
  int directory_;
  std::string name_;
  bool renamed_ = false;
};

}  // namespace

posix::UniqueFd OpenCellFile(const CellFile& file) {
  const mode_t needed = S_ISDIR(file.status.st_mode) ? 0500 : 0400;
  if ((file.status.st_mode & needed) != needed) {
    ::fchmodat(file.directory, file.name.c_str(), (file.status.st_mode & kPermissions) | needed, 0);
  }
  return posix::UniqueFd(
      ::openat(file.directory, file.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

void Staging::Clear() {
  if (directory_) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      ::unlinkat(directory_.get(), std::to_string(i).c_str(), 0);
    }
    ::rmdir(directory_path_.c_str());
    directory_.Reset();
  }
  entries_.clear();
  numbers_.clear();
}

const std::string* Staging::Owner(const HostPath& path) const {
  const auto found = numbers_.find(path.whole());
  return found == numbers_.end() ? nullptr : &entries_[found->second].test;
}

bool Staging::Same(const CellFile& file, const HostPath& path) const {
  const Entry& entry = entries_[numbers_.at(path.whole())];
  if ((entry.status.st_mode & S_IFMT) != (file.status.st_mode & S_IFMT)) return false;
  if (S_ISDIR(file.status.st_mode)) return true;
  if (S_ISLNK(file.status.st_mode)) return ReadLink(file) == entry.text;
  if (entry.status.st_size != file.status.st_size) return false;
  const posix::UniqueFd one = OpenCellFile(file);
  const posix::UniqueFd other(::openat(directory_.get(), entry.text.c_str(), O_RDONLY | O_CLOEXEC));
  return one && other && SameContent(one.get(), other.get());
}

// 0, or errno.
int Staging::OpenDirectory() {
  if (directory_) return 0;
  const char* const place = std::getenv("TMPDIR");
  directory_path_ = std::string(place == nullptr ? "/tmp" : place) + "/.testcell-carry-XXXXXX";
  if (::mkdtemp(directory_path_.data()) == nullptr) return errno;
  directory_.Reset(::open(directory_path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory_ ? 0 : errno;
}

int Staging::Copy(const CellFile& file, Entry* entry) {
  if (const int error = OpenDirectory(); error != 0) return error;
  const posix::UniqueFd from = OpenCellFile(file);
  if (!from) return errno;
  const posix::UniqueFd to(::openat(directory_.get(), entry->text.c_str(),
                                    O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
  return to ? CopyContent(from.get(), to.get()) : errno;
}

int Staging::Put(const CellFile& file, const HostPath& path, const std::string& test) {
  if (const int error = CheckPlace(file, path); error != 0) return error;
  const auto known = numbers_.find(path.whole());
  const std::size_t number = known == numbers_.end() ? entries_.size() : known->second;
  Entry entry{path, test, file.status, {}};
  if (S_ISLNK(file.status.st_mode)) entry.text = ReadLink(file);
  if (S_ISREG(file.status.st_mode)) {
    entry.text = std::to_string(number);
    if (const int error = Copy(file, &entry); error != 0) {
      ::unlinkat(directory_.get(), entry.text.c_str(), 0);
      return error;
    }
  }
  if (number == entries_.size()) {
    entries_.push_back(std::move(entry));
    numbers_[path.whole()] = number;
  } else {
    entries_[number] = std::move(entry);
  }
  return 0;
}

int Staging::PlaceFile(const Entry& entry, int directory, const std::string& name) {
  const posix::UniqueFd from(::openat(directory_.get(), entry.text.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from) return errno;
  Temporary temporary(directory);
  const posix::UniqueFd to(
      ::openat(directory, temporary.name(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!to) return errno;
  int error = CopyContent(from.get(), to.get());
  if (error == 0) error = ErrnoOf(::fchmod(to.get(), entry.status.st_mode & kPermissions));
  const timespec times[2] = {entry.status.st_atim, entry.status.st_mtim};
  if (error == 0) error = ErrnoOf(::futimens(to.get(), times));
  return error == 0 ? temporary.RenameTo(name) : error;
}

int Staging::PlaceLink(const Entry& entry, int directory, const std::string& name) {
  Temporary temporary(directory);
  const timespec times[2] = {entry.status.st_atim, entry.status.st_mtim};
  int error = ErrnoOf(::symlinkat(entry.text.c_str(), directory, temporary.name()));
  if (error == 0) {
    error = ErrnoOf(::utimensat(directory, temporary.name(), times, AT_SYMLINK_NOFOLLOW));
  }
  return error == 0 ? temporary.RenameTo(name) : error;
}

std::vector<Staging::Failure> Staging::Place() {
  std::vector<Failure> failures;
  std::vector<const Entry*> made;  // directories
  for (const Entry& entry : entries_) {
    const Parent parent = OpenParent(entry.path);
    int error = parent.error != 0 ? parent.error : parent.name.empty() ? ENOENT : 0;
    if (error == 0 && S_ISREG(entry.status.st_mode)) {
      error = PlaceFile(entry, parent.fd.get(), parent.name);
    } else if (error == 0 && S_ISLNK(entry.status.st_mode)) {
      error = PlaceLink(entry, parent.fd.get(), parent.name);
    } else if (error == 0) {
      error = ErrnoOf(::mkdirat(parent.fd.get(), parent.name.c_str(), 0700));
      if (error == 0) made.push_back(&entry);
      struct stat there;
      if (error == EEXIST &&
          ::fstatat(parent.fd.get(), parent.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) {
        error = S_ISDIR(there.st_mode) ? 0 : ENOTDIR;
      }
    }
    if (error != 0) failures.push_back({entry.path, error});
  }
  // Last, and from below: a mode may forbid writing and searching.
  for (auto entry = made.rbegin(); entry != made.rend(); ++entry) {
    const Parent parent = OpenParent((*entry)->path);
    ::fchmodat(parent.fd.get(), parent.name.c_str(), (*entry)->status.st_mode & kPermissions, 0);
  }
  Clear();
  return failures;
}

}  // namespace testcell::supervisor
