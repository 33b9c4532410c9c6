#include "cell/fingerprint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string_view>

#include "cell/path.h"
#include "posix/unique_fd.h"
#include "probe/seen.h"

namespace testcell::cell {
namespace {

class Sum {
 public:
  void Add(std::string_view bytes) { value_ = probe::Hash(bytes, value_); }
  template <typename Number>
  void AddNumber(Number number) {
    const auto wide = static_cast<std::uint64_t>(number);
    Add({reinterpret_cast<const char*>(&wide), sizeof wide});
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

// All of a short file, at once: empty where there is none, or it is longer.
std::string_view ReadWhole(int at, const char* path, char* buffer, std::size_t size) {
  const posix::UniqueFd fd(::openat(at, path, O_RDONLY | O_CLOEXEC));
  std::size_t used = 0;
  while (fd && used < size) {
    const ssize_t part = ::read(fd.get(), buffer + used, size - used);
    if (part < 0 && errno == EINTR) continue;
    if (part == 0) return {buffer, used};
    if (part < 0) break;
    used += static_cast<std::size_t>(part);
  }
  return {};
}

// The packets of lo, and of whatever else there is.
bool AddNetwork(int proc, Sum* sum) {
  char buffer[4096];
  for (const char* file : {"self/net/dev", "self/cgroup"}) {
    const std::string_view text = ReadWhole(proc, file, buffer, sizeof buffer);
    if (text.empty()) return false;
    sum->Add(text);
  }
  // A kernel may be without IPv6, and so without its labels.
  const std::string_view labels = ReadWhole(proc, "self/net/ip6_flowlabel", buffer, sizeof buffer);
  sum->Add(labels);
  // The rest of it is of all network namespaces.
  const std::string_view counts = ReadWhole(proc, "self/net/sockstat", buffer, sizeof buffer);
  constexpr std::string_view kStart = "sockets: used ";
  if (counts.substr(0, kStart.size()) != kStart) return false;
  sum->Add(counts.substr(0, counts.find('\n')));
  return true;
}

// What one process of a user may set for another.
bool AddProcess(Sum* sum) {
  for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) != 0) return false;
    sum->AddNumber(limit.rlim_cur);
    sum->AddNumber(limit.rlim_max);
  }
  char bytes[1024];
  constexpr unsigned kAttributes = 56;  // of struct sched_attr, SCHED_ATTR_SIZE_VER1
  ::memset(bytes, 0, kAttributes);
  if (::syscall(SYS_sched_getattr, 0, bytes, kAttributes, 0) != 0) return false;
  sum->Add({bytes, kAttributes});
  const long size = ::syscall(SYS_sched_getaffinity, 0, sizeof bytes, bytes);
  if (size <= 0) return false;
  sum->Add({bytes, static_cast<std::size_t>(size)});
  constexpr int kProcess = 1;  // IOPRIO_WHO_PROCESS
  sum->AddNumber(::syscall(SYS_ioprio_get, kProcess, 0));
  return true;
}

void AddStatus(const struct stat& status, Sum* sum) {
  sum->AddNumber(status.st_ino);
  sum->AddNumber(status.st_mode);
  sum->AddNumber(status.st_uid);
  sum->AddNumber(status.st_gid);
  sum->AddNumber(status.st_nlink);
  sum->AddNumber(status.st_size);
  sum->AddNumber(status.st_mtim.tv_sec);
  sum->AddNumber(status.st_mtim.tv_nsec);
  sum->AddNumber(status.st_ctim.tv_sec);
  sum->AddNumber(status.st_ctim.tv_nsec);
}

// Before Linux 6.13 two changes within a tick have the same time, so attributes, which
// are all that `status` does not show, are looked for themselves.
void AddDirectory(int at, const char* name, Sum* sum) {
  struct stat status {};
  const int result = ::fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW);
  sum->AddNumber(result == 0 ? 0 : errno);
  if (result != 0) return;
  AddStatus(status, sum);
  FixedText<512> path;
  path.Add(FdPath(at).c_str()).Add("/").Add(name);
  sum->AddNumber(path.overflowed() ? -1 : ::listxattr(path.c_str(), nullptr, 0));
}

bool AddFiles(const Plan& plan, const probe::PlaceFds& fds, Sum* sum) {
  for (const std::string& name : plan.lasting) AddDirectory(fds.base, name.c_str(), sum);
  for (const int root : {fds.shm, fds.mqueue}) {
    if (root >= 0) AddDirectory(root, ".", sum);
  }
  if (plan.hosts.empty()) return true;
  char buffer[16384];
  const std::string_view hosts = ReadWhole(fds.base, "hosts", buffer, sizeof buffer);
  AddDirectory(fds.base, "hosts", sum);
  return hosts == plan.hosts;
}

}  // namespace

std::uint64_t Fingerprint(const Plan& plan, const probe::PlaceFds& fds) {
  Sum sum;
  const bool all = AddNetwork(fds.proc, &sum) && AddProcess(&sum) && AddFiles(plan, fds, &sum);
  return all ? sum.value() : 0;
}

}  // namespace testcell::cell
