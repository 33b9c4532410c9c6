#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/sock_diag.h"
#include "probe/caller.h"
#include "probe/directory.h"
#include "probe/probes.h"
#include "probe/process_status.h"
#include "probe/socket_text.h"

namespace testcell::probe {
namespace {

// Which process holds which socket.
class Owners {
 public:
  void Collect(int proc, const Family& family) {
    Directory processes(proc, ".");
    for (int pid = processes.NextNumber(); pid >= 0; pid = processes.NextNumber()) {
      if (!family.Has(pid)) continue;
      posix::FixedText<32> path;
      path.Add(static_cast<long>(pid)).Add("/fd");
      Directory fds(proc, path.c_str());
      while (const char* name = fds.Next()) {
        char link[64];
        const ssize_t size = ::readlinkat(fds.fd(), name, link, sizeof link - 1);
        if (size > 0) Add(link, static_cast<std::size_t>(size), pid, ParseNumber(name));
      }
    }
  }

  // Who holds the socket that the kernel has told of; 0: nobody.
  pid_t Take(std::uint64_t inode) {
    Entry* const entry = Find(inode);
    if (entry == nullptr) return 0;
    entry->told = true;
    return entry->pid;
  }

  // Those that it has not told of.
  template <typename Visit>
  void ForEachUntold(const Visit& visit) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (!entries_[i].told) visit(entries_[i].inode, entries_[i].pid, entries_[i].fd);
    }
  }

 private:
  struct Entry {
    std::uint64_t inode;
    pid_t pid;
    int fd;
    bool told;
  };
  static constexpr std::size_t kCapacity = 1024;

  Entry* Find(std::uint64_t inode) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (entries_[i].inode == inode) return &entries_[i];
    }
    return nullptr;
  }

  void Add(char* link, std::size_t size, pid_t pid, int fd) {
    static constexpr char kStart[] = "socket:[";
    constexpr std::size_t kStartSize = sizeof kStart - 1;
    if (size <= kStartSize + 1 || ::strncmp(link, kStart, kStartSize) != 0) return;
    link[size - 1] = '\0';  // the closing bracket
    const int inode = ParseNumber(link + kStartSize);
    if (inode <= 0 || count_ == kCapacity || Find(static_cast<std::uint64_t>(inode)) != nullptr) {
      return;
    }
    entries_[count_++] = {static_cast<std::uint64_t>(inode), pid, fd, false};
  }

  std::size_t count_ = 0;
  Entry entries_[kCapacity];
};

void ReportSocket(int proc, const Text& name, std::uint64_t inode, pid_t owner, Sink* sink) {
  posix::FixedText<24> identity;
  posix::FixedText<16> pid;
  posix::FixedText<32> path;
  identity.Add(static_cast<long>(inode));
  pid.Add(static_cast<long>(owner));
  path.Add(pid.c_str()).Add("/stat");
  ProcessStatus status;
  ReadStatus(proc, path.c_str(), &status);
  sink->Report(LeakKind::kSocket, View(name),
               {{"pid", View(pid)}, {"process", View(status.name)}, {"inode", View(identity)}});
}

// What the kernel lists by no dump that would be worth its time, by the
// descriptor itself. One that was there before the test is none of its own.
void ReportHeld(int proc, const FdTable& before, const Owners& owners, Sink* sink) {
  owners.ForEachUntold([&](std::uint64_t inode, pid_t pid, int fd) {
    const posix::UniqueFd held = TakeFd(pid, fd);
    struct stat status;
    if (!held || ::fstat(held.get(), &status) != 0 || status.st_ino != inode) return;
    OwnSocket socket;
    if (before.HasFile(status) || !DescribeOwnSocket(held.get(), &socket) || socket.of_libc) return;
    ReportSocket(proc, socket.name, inode, pid, sink);
  });
}

}  // namespace

void ReportSockets(int proc, const Shared& shared, const FdTable& before, Sink* sink) {
  Owners owners;
  const Family cell(proc, shared.own_proc != 0);
  owners.Collect(proc, cell);
  posix::SockDiag diag;
  if (diag.Open() != 0) return;
  const auto report_inet = [&](const posix::InetSocket& socket) {
    const pid_t owner = owners.Take(socket.inode);
    if (owner != 0) ReportSocket(proc, SocketName(socket), socket.inode, owner, sink);
  };
  for (const int protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
    for (const int family : {AF_INET, AF_INET6}) {
      diag.ForEachInet(family, protocol, posix::kAllStates, report_inet);
    }
  }
  diag.ForEachUnix(posix::kAllStates, [&](const posix::UnixSocket& socket) {
    const pid_t owner = owners.Take(socket.inode);
    // Pairs without a name are how processes talk, and go with them.
    if (owner == 0 || socket.name.empty()) return;
    ReportSocket(proc, SocketName(socket), socket.inode, owner, sink);
  });
  // Descriptors are taken from processes by the ids that this one knows.
  if (cell.own() == ::getpid()) ReportHeld(proc, before, owners, sink);
}

}  // namespace testcell::probe
