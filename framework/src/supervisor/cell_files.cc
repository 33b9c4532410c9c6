#include "supervisor/cell_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

#include "posix/error.h"
#include "posix/unique_fd.h"

namespace testcell::supervisor {
namespace {

constexpr std::size_t kMostNotes = 100;
constexpr int kMostLevels = 64;  // of directories, each of which is open meanwhile
constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

const char* KindName(mode_t mode) {
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISFIFO(mode)) return "a named pipe";
  return "a device";
}

// As overlayfs marks what was removed.
bool IsWhiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
}

class Copier {
 public:
  Copier(std::string target, std::set<std::string> left_out, const CellFileLimits& limits)
      : target_(std::move(target)), left_out_(std::move(left_out)), limits_(limits) {}

  // `path`: of the directory, in the cell.
  void Copy(posix::UniqueFd directory, const std::string& path) {
    struct stat status;
    if (!directory || ::fstat(directory.get(), &status) != 0) return;
    device_ = status.st_dev;
    CopyDirectory(std::move(directory), path, 0);
  }

  CellFileCopy Result() {
    if (notes_ > kMostNotes) {
      result_.notes.push_back(fmt::format("and {} more such files", notes_ - kMostNotes));
    }
    return std::move(result_);
  }

 private:
  void Note(std::string text) {
    if (++notes_ <= kMostNotes) result_.notes.push_back(std::move(text));
  }

  void CopyDirectory(posix::UniqueFd directory, const std::string& path, int level) {
    const int fd = directory.get();
    DIR* const stream = ::fdopendir(directory.Release());
    if (stream == nullptr) return;
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) CopyEntry(fd, name, path + "/" + name, level);
    ::closedir(stream);
  }

  void CopyEntry(int directory, const std::string& name, const std::string& path, int level) {
    struct stat status;
    if (left_out_.count(path) > 0) return;
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (S_ISDIR(status.st_mode)) {
      if (status.st_dev != device_) return;  // mounted there
      posix::UniqueFd below(::openat(directory, name.c_str(), kDirectory));
      if (!below) return Note(fmt::format("{}: {}", path, posix::ErrnoText(errno)));
      if (level == kMostLevels) return Note(path + ": too many directories deep");
      return CopyDirectory(std::move(below), path, level + 1);
    }
    if (result_.files == limits_.files) return Note(path + ": one file too many");
    if (S_ISREG(status.st_mode)) return CopyFile(directory, name, path, status);
    if (S_ISLNK(status.st_mode)) return CopyLink(directory, name, path);
    Note(path +
         (IsWhiteout(status) ? ": was removed" : fmt::format(": is {}", KindName(status.st_mode))));
  }

  // True once the directories above it are there.
  bool MakeParents(const std::string& whole) {
    for (std::size_t slash = whole.find('/', target_.size()); slash != std::string::npos;
         slash = whole.find('/', slash + 1)) {
      if (::mkdir(whole.substr(0, slash).c_str(), 0777) != 0 && errno != EEXIST) return false;
    }
    return true;
  }

  void CopyLink(int directory, const std::string& name, const std::string& path) {
    char text[4096];
    const ssize_t size = ::readlinkat(directory, name.c_str(), text, sizeof text - 1);
    if (size < 0) return;
    text[size] = '\0';
    const std::string whole = target_ + path;
    if (!MakeParents(whole) || ::symlink(text, whole.c_str()) != 0) {
      return Note(fmt::format("{}: {}", path, posix::ErrnoText(errno)));
    }
    ++result_.files;
  }

  void CopyFile(int directory, const std::string& name, const std::string& path,
                const struct stat& status) {
    // A name may have become another file's since.
    constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const posix::UniqueFd from(::openat(directory, name.c_str(), kFlags));
    const std::string whole = target_ + path;
    if (!from || !MakeParents(whole)) {
      return Note(fmt::format("{}: {}", path, posix::ErrnoText(errno)));
    }
    // Its owner can remove it, and nobody runs it as somebody else.
    const mode_t mode = (status.st_mode & 0777) | 0600;
    const posix::UniqueFd to(::open(whole.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!to || !CopyBytes(from.get(), to.get(), path)) {
      return Note(fmt::format("{}: {}", path, posix::ErrnoText(errno)));
    }
    const timespec times[2] = {status.st_atim, status.st_mtim};
    ::futimens(to.get(), times);
    ++result_.files;
  }

  bool CopyBytes(int from, int to, const std::string& path) {
    char buffer[1 << 16];
    std::uint64_t copied = 0;
    for (;;) {
      const ssize_t size =
          posix::RetryOnInterrupt([&] { return ::read(from, buffer, sizeof buffer); });
      if (size <= 0) return size == 0;
      const std::size_t part =
          std::min<std::uint64_t>(static_cast<std::size_t>(size), limits_.bytes - result_.bytes);
      if (::write(to, buffer, part) != static_cast<ssize_t>(part)) return false;
      result_.bytes += part;
      copied += part;
      if (part == static_cast<std::size_t>(size)) continue;
      Note(fmt::format("{}: cut after {} bytes", path, copied));
      return true;
    }
  }

  const std::string target_;
  const std::set<std::string> left_out_;
  const CellFileLimits limits_;
  dev_t device_ = 0;
  CellFileCopy result_;
  std::size_t notes_ = 0;
};

// The places of mounts that init makes in private directories.
std::set<std::string> MountPlaces(const cell::Plan& plan) {
  std::set<std::string> paths;
  for (const auto& through : plan.throughs) paths.insert(through.path);
  for (const auto& bind : plan.binds) paths.insert(bind.path);
  for (const auto& overlay : plan.overlays) {
    for (const auto& submount : overlay.submounts) paths.insert(submount.path);
  }
  for (const auto& entry : plan.run.entries) paths.insert(plan.run.path + "/" + entry.name);
  return paths;
}

posix::UniqueFd OpenIn(int base, const std::string& name) {
  return posix::UniqueFd(::openat(base, name.c_str(), kDirectory));
}

}  // namespace

CellFileCopy CopyCellFiles(const cell::Plan& plan, bool working_directory_shared, int base,
                           pid_t init, const std::string& target, const CellFileLimits& limits) {
  Copier copier(target, MountPlaces(plan), limits);
  for (const auto& directory : plan.privates) {
    const bool apart = directory.path == plan.shm_path && !plan.shm_options.empty();
    if (apart && init <= 0) continue;
    const std::string path = fmt::format("/proc/{}/root{}", init, directory.path);
    copier.Copy(
        apart ? posix::UniqueFd(::open(path.c_str(), kDirectory)) : OpenIn(base, directory.name),
        directory.path);
  }
  if (!plan.run.path.empty()) copier.Copy(OpenIn(base, "run"), plan.run.path);
  for (const auto& overlay : plan.overlays) {
    if (overlay.step == cell::Step::kWorkingDirectoryOverlay && working_directory_shared) continue;
    copier.Copy(OpenIn(base, overlay.upper), overlay.path);
  }
  for (const auto& entry : plan.run.entries) {
    if (entry.kind != cell::Plan::Entry::Kind::kOverlay) continue;
    copier.Copy(OpenIn(base, "upper-" + entry.text), plan.run.path + "/" + entry.name);
  }
  return copier.Result();
}

}  // namespace testcell::supervisor
