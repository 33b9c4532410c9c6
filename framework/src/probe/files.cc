#include "probe/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "probe/directory.h"

namespace testcell::probe {
namespace {

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// The mark of an overlay for what was deleted from its lower directory.
bool IsWhiteout(const struct stat& status) {
  return S_ISCHR(status.st_mode) && status.st_rdev == makedev(0, 0);
}

int LowerDirectory(const Tree& tree, const PlaceFds& fds) {
  return tree.lower < kMaxHostPaths ? fds.host_paths[tree.lower] : -1;
}

Text LowerPath(const Tree& tree, const char* below) {
  Text path;
  if (!tree.lower_prefix.empty()) path.Add(tree.lower_prefix.c_str()).Add("/");
  path.Add(below);
  return path;
}

// False: the host has nothing there.
bool StatLower(const Tree& tree, const PlaceFds& fds, const char* below, struct stat* status) {
  const int lower = LowerDirectory(tree, fds);
  if (lower < 0) return false;
  const Text path = LowerPath(tree, below);
  return ::fstatat(lower, path.c_str(), status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool SameRights(const struct stat& a, const struct stat& b) {
  return a.st_mode == b.st_mode && a.st_uid == b.st_uid && a.st_gid == b.st_gid;
}

bool SameContent(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && SameRights(a, b);
}

// The mark of an overlay for a directory that hides the lower one of its name.
bool IsOpaque(int directory) {
  for (const char* name : {"trusted.overlay.opaque", "user.overlay.opaque"}) {
    char value;
    if (::fgetxattr(directory, name, &value, 1) == 1) return value == 'y';
  }
  return false;
}

// What a tree's walk needs at every step.
class Walk {
 public:
  Walk(const Places& places, const PlaceFds& fds, const Tree& tree, Sink* sink)
      : places_(places), fds_(fds), tree_(tree), sink_(sink) {}

  // `directory` is open at the path that below_ holds; `hides`: all of the
  // host's below it is gone.
  void Visit(Directory* directory, int depth, bool hides) {
    constexpr int kMaxDepth = 48;
    hides = hides || (tree_.lower != kNoLower && IsOpaque(directory->fd()));
    if (hides) ReportGone(directory->fd());
    while (const char* name = directory->Next()) {
      const std::size_t size = below_.size();
      if (size > 0) below_.Add("/");
      below_.Add(name);
      if (below_.overflowed() || depth == kMaxDepth) {
        sink_->Lose(1);
      } else {
        VisitEntry(directory->fd(), name, depth, hides);
      }
      below_.Cut(size);
    }
  }

 private:
  void VisitEntry(int at, const char* name, int depth, bool hides) {
    struct stat status;
    if (::fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!IsGiven()) ReportEntry(name, status);
    if (!S_ISDIR(status.st_mode)) return;
    Directory directory(at, name);
    if (directory.ok()) Visit(&directory, depth + 1, hides);
  }

  bool IsGiven() const {
    for (const std::string& given : places_.given) {
      if (IsBelow(given, tree_.path) &&
          ::strcmp(given.c_str() + tree_.path.size() + 1, below_.c_str()) == 0) {
        return true;
      }
    }
    return false;
  }

  void ReportEntry(const char* name, const struct stat& status) {
    if (IsOfTool(name)) return;
    const char* change = "";
    if (tree_.lower != kNoLower) {
      struct stat lower;
      const bool known = StatLower(tree_, fds_, below_.c_str(), &lower);
      const bool directories = S_ISDIR(status.st_mode) && known && S_ISDIR(lower.st_mode);
      if (directories && SameRights(status, lower)) return;
      if (known && SameContent(status, lower)) return;
      if (IsWhiteout(status) && !known) return;  // made and deleted, of no effect
      change = IsWhiteout(status) ? "deleted" : known ? "changed" : "made";
    }
    Report(change, IsWhiteout(status) ? "" : TypeText(status.st_mode), status);
  }

  // The names that the host has where below_ leads, and the test no more.
  void ReportGone(int at) {
    const Text path = LowerPath(tree_, below_.c_str());
    Directory lower(LowerDirectory(tree_, fds_), path.c_str());
    while (const char* name = lower.Next()) {
      struct stat status {};
      if (::fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0 || IsOfTool(name)) continue;
      const std::size_t size = below_.size();
      below_.Add("/").Add(name);
      if (!IsGiven()) Report("deleted", "", status);
      below_.Cut(size);
    }
  }

  void Report(const char* change, const char* type, const struct stat& status) {
    Text path;
    path.Add(tree_.path.c_str()).Add("/").Add(below_.c_str());
    posix::FixedText<24> bytes;
    if (S_ISREG(status.st_mode)) bytes.Add(static_cast<long>(status.st_size));
    const bool shm = tree_.shm && ::strchr(below_.c_str(), '/') == nullptr;
    sink_->Report(shm ? LeakKind::kPosixShm : LeakKind::kFile, View(path),
                  {{"size", View(bytes)},
                   {"type", type},
                   {"change", change},
                   {"discarded", tree_.discarded ? "true" : ""}});
  }

  const Places& places_;
  const PlaceFds& fds_;
  const Tree& tree_;
  Sink* sink_;
  Text below_;
};

}  // namespace

bool IsBelow(const std::string& path, const std::string& directory) {
  return path.size() > directory.size() + 1 && path[directory.size()] == '/' &&
         path.compare(0, directory.size(), directory) == 0;
}

const char* TypeText(mode_t mode) {
  if (S_ISDIR(mode)) return "directory";
  if (S_ISLNK(mode)) return "symlink";
  if (S_ISFIFO(mode)) return "fifo";
  if (S_ISSOCK(mode)) return "socket";
  return S_ISREG(mode) ? "file" : "device";
}

bool IsOfTool(std::string_view name) {
  return EndsWith(name, ".gcda") || EndsWith(name, ".profraw");
}

std::uint64_t CountInodes(const PlaceFds& fds) {
  std::uint64_t count = 0;
  for (const int fd : {fds.base, fds.shm}) {
    struct statfs status;
    if (fd >= 0 && ::fstatfs(fd, &status) == 0) count += status.f_files - status.f_ffree;
  }
  return count;
}

bool ChangesLower(const Tree& tree, const PlaceFds& fds, const char* below, bool is_directory) {
  struct stat lower;
  if (!StatLower(tree, fds, below, &lower)) return true;
  if (is_directory && !S_ISDIR(lower.st_mode)) return true;
  Text path;
  path.Add(tree.name.c_str()).Add("/").Add(below);
  struct stat upper;
  if (::fstatat(fds.base, path.c_str(), &upper, AT_SYMLINK_NOFOLLOW) != 0) return !is_directory;
  if (is_directory) return S_ISDIR(upper.st_mode) && !SameRights(upper, lower);
  return !SameContent(upper, lower);
}

void ReportFiles(const Places& places, const PlaceFds& fds, Sink* sink) {
  for (const Tree& tree : places.trees) {
    if (tree.working_directory && fds.working_directory_shared) continue;
    const int at = tree.name.empty() ? fds.shm : fds.base;
    Directory directory(at, tree.name.empty() ? "." : tree.name.c_str());
    if (directory.ok()) Walk(places, fds, tree, sink).Visit(&directory, 0, false);
  }
}

}  // namespace testcell::probe
