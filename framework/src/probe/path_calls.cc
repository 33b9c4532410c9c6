#include "probe/path_calls.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "posix/fixed_text.h"
#include "posix/unique_fd.h"
#include "probe/caller.h"

namespace testcell::probe {
namespace {

using Deed = EscapeWatch::Deed;

constexpr int kFromWorkingDirectory = -1;

struct PathCall {
  int number;
  Deed deed;
  int directory;  // which argument is its descriptor
  int path;       // which argument it is
};

constexpr PathCall kPathCalls[] = {
#ifdef SYS_open  // what newer processors leave out
    {SYS_creat, Deed::kCreates, kFromWorkingDirectory, 0},
    {SYS_mkdir, Deed::kMakes, kFromWorkingDirectory, 0},
    {SYS_mknod, Deed::kMakes, kFromWorkingDirectory, 0},
    {SYS_symlink, Deed::kMakes, kFromWorkingDirectory, 1},
    {SYS_link, Deed::kMakes, kFromWorkingDirectory, 1},
    {SYS_rename, Deed::kRemoves, kFromWorkingDirectory, 0},
    {SYS_rename, Deed::kMakes, kFromWorkingDirectory, 1},
    {SYS_unlink, Deed::kRemoves, kFromWorkingDirectory, 0},
    {SYS_rmdir, Deed::kRemoves, kFromWorkingDirectory, 0},
    {SYS_chmod, Deed::kWrites, kFromWorkingDirectory, 0},
    {SYS_chown, Deed::kWrites, kFromWorkingDirectory, 0},
#endif
    {SYS_mkdirat, Deed::kMakes, 0, 1},
    {SYS_mknodat, Deed::kMakes, 0, 1},
    {SYS_symlinkat, Deed::kMakes, 1, 2},
    {SYS_linkat, Deed::kMakes, 2, 3},
#ifdef SYS_renameat
    {SYS_renameat, Deed::kRemoves, 0, 1},
    {SYS_renameat, Deed::kMakes, 2, 3},
#endif
    {SYS_renameat2, Deed::kRemoves, 0, 1},
    {SYS_renameat2, Deed::kMakes, 2, 3},
    {SYS_unlinkat, Deed::kRemoves, 0, 1},
    {SYS_fchmodat, Deed::kWrites, 0, 1},
    {SYS_fchownat, Deed::kWrites, 0, 1},
    {SYS_truncate, Deed::kWrites, kFromWorkingDirectory, 0},
    {SYS_openat2, Deed::kCreates, 0, 1},
};

// The event that tells of it comes with every write of anybody, too.
constexpr int kUntold = SYS_truncate;

#ifdef SYS_creat
constexpr int kCreat = SYS_creat;
#else
constexpr int kCreat = -1;
#endif

struct OpenCall {
  PathCall call;
  int flags;  // which argument they are
};

constexpr OpenCall kOpenCalls[] = {
#ifdef SYS_open
    {{SYS_open, Deed::kWrites, kFromWorkingDirectory, 0}, 1},
#endif
    {{SYS_openat, Deed::kWrites, 0, 1}, 2},
};

constexpr std::uint32_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;

struct Path {
  char text[PATH_MAX];
  std::size_t size = 0;
  const char* name = nullptr;  // of its last part
};

constexpr int kPath = O_PATH | O_DIRECTORY | O_CLOEXEC;

// Where a path begins, and what to look up from there.
posix::UniqueFd OpenBase(int proc, const seccomp_notif& call, const PathCall& kind,
                         std::string_view path) {
  posix::FixedText<48> base;
  const int directory =
      kind.directory < 0 ? AT_FDCWD : static_cast<int>(call.data.args[kind.directory]);
  base.Add(static_cast<long>(call.pid));
  if (path[0] == '/') {
    base.Add("/root");
  } else if (directory == AT_FDCWD) {
    base.Add("/cwd");
  } else {
    base.Add("/fd/").Add(static_cast<long>(directory));
  }
  return posix::UniqueFd(::openat(proc, base.c_str(), kPath));
}

// The path is looked up as the call does it, with what it began from in `at`.
// Where it ends stays in `path`, with its directory; false: there is none.
bool EnterDirectory(Path* path, posix::UniqueFd* at) {
  while (path->size > 1 && path->text[path->size - 1] == '/') --path->size;
  path->text[path->size] = '\0';
  const std::string_view text(path->text, path->size);
  if (!*at || text.empty() || text == "/") return false;
  const std::size_t slash = text.rfind('/');
  path->name = slash == text.npos ? path->text : path->text + slash + 1;
  if (slash == text.npos || slash == 0) return true;
  path->text[slash] = '\0';
  const char* below = path->text;
  while (*below == '/') ++below;
  *at = posix::UniqueFd(::openat(at->get(), *below == '\0' ? "." : below, kPath));
  return static_cast<bool>(*at);
}

// `follows`: the file is made where a symbolic link leads.
void NotePath(const seccomp_notif& call, const PathCall& kind, bool follows, Path* path,
              EscapeWatch* escapes) {
  constexpr int kMaxLinks = 8;
  if (path->size == 0) return;
  posix::UniqueFd at = OpenBase(escapes->proc(), call, kind, path->text);
  for (int links = 0; EnterDirectory(path, &at); ++links) {
    char target[PATH_MAX];
    const ssize_t size =
        follows ? ::readlinkat(at.get(), path->name, target, sizeof target - 1) : -1;
    if (size <= 0 || links == kMaxLinks) return escapes->TakeCall(at.get(), path->name, kind.deed);
    ::memcpy(path->text, target, static_cast<std::size_t>(size));
    path->size = static_cast<std::size_t>(size);
    if (*path->text == '/') at = OpenBase(escapes->proc(), call, kind, "/");
  }
}

void NoteArgument(const seccomp_notif& call, const PathCall& kind, bool follows,
                  EscapeWatch* escapes) {
  Path path;
  path.size = ReadText(static_cast<pid_t>(call.pid), call.data.args[kind.path], path.text,
                       sizeof path.text - 1)
                  .size();
  NotePath(call, kind, follows, &path, escapes);
}

// bind(2), by which a Unix socket gets a file.
void NoteBind(const seccomp_notif& call, EscapeWatch* escapes) {
  constexpr std::size_t kName = offsetof(sockaddr_un, sun_path);
  sockaddr_un address{};
  const std::size_t size = ReadMemory(static_cast<pid_t>(call.pid), call.data.args[1], &address,
                                      std::min<std::size_t>(call.data.args[2], sizeof address));
  if (size <= kName || address.sun_family != AF_UNIX) return;
  Path path;
  path.size = ::strnlen(address.sun_path, size - kName);
  ::memcpy(path.text, address.sun_path, path.size);
  NotePath(call, {SYS_bind, Deed::kMakes, kFromWorkingDirectory, 1}, false, &path, escapes);
}

// A call that opens a file; its flags are those of open(2).
void NoteOpen(const seccomp_notif& call, PathCall kind, std::uint64_t flags, EscapeWatch* escapes) {
  if ((flags & kWriting) == 0) return;
  if ((flags & O_TMPFILE) == O_TMPFILE) return;  // has no name; the path is its directory's
  kind.deed = (flags & O_CREAT) != 0 ? Deed::kCreates : Deed::kWrites;
  NoteArgument(call, kind, (flags & (O_EXCL | O_NOFOLLOW)) == 0, escapes);
}

}  // namespace

std::size_t PathFilter(bool untold, sock_filter (&code)[kMaxPathFilter]) {
  static_assert(2 * std::size(kPathCalls) + 5 * std::size(kOpenCalls) <= kMaxPathFilter);
  constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
  std::size_t size = 0;
  for (const PathCall& kind : kPathCalls) {
    if (untold && kind.number != kUntold) continue;
    const auto number = static_cast<std::uint32_t>(kind.number);
    code[size++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
    code[size++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  }
  for (const OpenCall& open : kOpenCalls) {
    if (untold) break;
    // The lower half of 64 bits: these processors keep it first.
    const auto flags =
        static_cast<std::uint32_t>(offsetof(seccomp_data, args) +
                                   sizeof(std::uint64_t) * static_cast<std::size_t>(open.flags));
    const auto number = static_cast<std::uint32_t>(open.call.number);
    code[size++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 4);
    code[size++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags);
    code[size++] = BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kWriting, 0, 1);
    code[size++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    code[size++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber);
  }
  return size;
}

void NotePaths(const seccomp_notif& call, EscapeWatch* escapes) {
  if (call.data.nr == SYS_bind) return NoteBind(call, escapes);
  for (const PathCall& kind : kPathCalls) {
    if (kind.number != call.data.nr) continue;
    if (call.data.nr != SYS_openat2) {
      NoteArgument(call, kind, call.data.nr == kCreat, escapes);
      continue;
    }
    open_how how{};
    ReadMemory(static_cast<pid_t>(call.pid), call.data.args[2], &how, sizeof how);
    NoteOpen(call, kind, how.flags, escapes);
  }
  for (const OpenCall& open : kOpenCalls) {
    if (open.call.number != call.data.nr) continue;
    NoteOpen(call, open.call, call.data.args[open.flags], escapes);
  }
}

}  // namespace testcell::probe
