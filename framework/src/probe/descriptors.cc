#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "probe/directory.h"
#include "probe/probes.h"
#include "probe/socket_text.h"

namespace testcell::probe {
namespace {

bool StartsWith(const char* text, const char* start) {
  return ::strncmp(text, start, ::strlen(start)) == 0;
}

// What /proc calls an object without a path, and what a person does.
struct Name {
  const char* link;
  const char* name;
};
constexpr Name kNames[] = {
    {"anon_inode:[eventpoll]", "epoll"},
    {"anon_inode:[eventfd]", "eventfd"},
    {"anon_inode:[timerfd]", "timerfd"},
    {"anon_inode:[signalfd]", "signalfd"},
    {"anon_inode:[pidfd]", "pidfd"},
    {"anon_inode:inotify", "inotify"},
    {"anon_inode:[fanotify]", "fanotify"},
    {"anon_inode:[io_uring]", "io_uring"},
    {"anon_inode:[userfaultfd]", "userfaultfd"},
};

Text Target(int fd) {
  posix::FixedText<32> path;
  path.Add("/proc/self/fd/").Add(static_cast<long>(fd));
  char link[1024];
  const ssize_t size = ::readlink(path.c_str(), link, sizeof link - 1);
  link[std::max<ssize_t>(size, 0)] = '\0';
  Text target;
  if (size <= 0) return target.Add("(unknown)");
  if (StartsWith(link, "pipe:")) {
    const bool writes = (::fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY;
    return target.Add(writes ? "write end of a pipe" : "read end of a pipe");
  }
  constexpr char kMemory[] = "/memfd:";
  if (StartsWith(link, kMemory)) {
    char* const deleted = ::strstr(link, " (deleted)");
    if (deleted != nullptr) *deleted = '\0';
    return target.Add("memfd ").Add(link + sizeof kMemory - 1);
  }
  for (const Name& name : kNames) {
    if (::strcmp(link, name.link) == 0) return target.Add(name.name);
  }
  return target.Add(link);
}

// The walk over what is open; a socket that has two numbers is one.
class Descriptors {
 public:
  Descriptors(const FdTable& before, Wanted wanted, Shared* shared, Sink* sink)
      : before_(before), wanted_(wanted), shared_(shared), sink_(sink) {}

  void Visit(int fd) {
    struct stat status;
    if (::fstat(fd, &status) != 0 || before_.Has(fd, status)) return;
    if (S_ISSOCK(status.st_mode)) {
      if (IsNew(status.st_ino)) VisitSocket(fd, status.st_ino);
    } else if (wanted_.leaks) {
      posix::FixedText<16> number;
      number.Add(static_cast<long>(fd));
      const Text target = Target(fd);
      Text what;
      what.Add("fd ").Add(number.c_str()).Add(": ").Add(target.c_str());
      sink_->Report(LeakKind::kFd, View(what), {{"fd", View(number)}, {"target", View(target)}});
    }
  }

 private:
  bool IsNew(ino_t inode) {
    for (std::size_t i = 0; i < socket_count_; ++i) {
      if (sockets_[i] == inode) return false;
    }
    if (socket_count_ < kMaxSockets) sockets_[socket_count_++] = inode;
    return true;
  }

  void VisitSocket(int fd, ino_t inode) {
    OwnSocket socket;
    if (!DescribeOwnSocket(fd, &socket) || socket.of_libc) return;
    if (wanted_.uses) NoteUse(fd, socket, inode);
    if (!wanted_.leaks) return;
    posix::FixedText<16> number;
    posix::FixedText<24> identity;
    number.Add(static_cast<long>(fd));
    identity.Add(static_cast<long>(inode));
    sink_->Report(LeakKind::kSocket, View(socket.name),
                  {{"fd", View(number)}, {"inode", View(identity)}});
  }

  // Init knows what was a set-up's already.
  void NoteUse(int fd, const OwnSocket& socket, ino_t inode) {
    const bool has_name = socket.abstract.size() > 0 || socket.inet.local.port != 0;
    if (!has_name || !PortWatch::IsIn(shared_->network_namespace, fd)) return;
    if (socket.abstract.size() > 0 && shared_->name_count++ < Shared::kMaxNames) {
      Shared::AbstractName& name = shared_->names[shared_->name_count - 1];
      name.inode = static_cast<std::uint32_t>(inode);
      name.size = static_cast<std::uint32_t>(socket.abstract.size());
      ::memcpy(name.bytes, socket.abstract.c_str(), name.size);
    }
    if (socket.inet.local.port != 0 && shared_->socket_count < Shared::kMaxSockets) {
      shared_->sockets[shared_->socket_count++] = socket.inet;
    }
  }

  static constexpr std::size_t kMaxSockets = 128;

  const FdTable& before_;
  const Wanted wanted_;
  Shared* shared_;
  Sink* sink_;
  ino_t sockets_[kMaxSockets];
  std::size_t socket_count_ = 0;
};

}  // namespace

void ReportDescriptors(const FdTable& before, Wanted wanted, Shared* shared, Sink* sink) {
  if (before.IsAll()) return;
  Descriptors descriptors(before, wanted, shared, sink);
  Directory fds(AT_FDCWD, "/proc/self/fd");
  if (fds.ok()) {
    for (int fd = fds.NextNumber(); fd >= 0; fd = fds.NextNumber()) {
      if (fd != fds.fd()) descriptors.Visit(fd);
    }
    return;
  }
  // No number is left to open it, or /proc is not what it was.
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int end = static_cast<int>(std::min<rlim_t>(limit.rlim_max, 1 << 16));
  for (int fd = 0; fd < end; ++fd) descriptors.Visit(fd);
}

}  // namespace testcell::probe
