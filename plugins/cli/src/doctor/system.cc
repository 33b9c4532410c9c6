// What findings and limits want of the kernel.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "check.h"

namespace testcell::cli {
namespace {

void CheckFanotify() {
  BecomeCellMaker();
  Enter(CLONE_NEWNS, "unshare(CLONE_NEWNS)");
  DetachMounts();
  const char* const place = TmpfsPlace();
  if (place == nullptr) FailsWith("tmpfs", "there is neither /dev/shm nor /tmp to mount it on");
  Need(::mount("tmpfs", place, "tmpfs", 0, nullptr) == 0, "mount(tmpfs)");
  const int fd = ::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_DFID_NAME, O_RDONLY);
  Need(fd >= 0, "fanotify_init(FAN_REPORT_DFID_NAME)");
  Need(::fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE | FAN_ONDIR, AT_FDCWD,
                       place) == 0,
       "fanotify_mark(FAN_MARK_FILESYSTEM)");
}

// The host's file systems may be watched by nobody else than the host's root.
void CheckEscapes() {
  const int fd = ::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_REPORT_DFID_NAME, O_RDONLY);
  Need(fd >= 0, "fanotify_init(FAN_REPORT_DFID_NAME)");
  Need(::fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CREATE | FAN_ONDIR, AT_FDCWD,
                       "/") == 0,
       "fanotify_mark(FAN_MARK_FILESYSTEM, /)");
}

void CheckSeccompNotification() {
  sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  sock_fprog program{1, &allow};
  Need(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "prctl(PR_SET_NO_NEW_PRIVS)");
  Need(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                 &program) >= 0,
       "seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER)");
}

// Where cgroup file systems are mounted: the second one of its options names
// the controllers of version 1.
struct Cgroups {
  std::string v2;      // mount point and our path in it
  std::string memory;  // the same, of version 1
};

std::string OwnPath(const std::string& controller) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool match = controller.empty()
                           ? controllers == ",,"
                           : controllers.find("," + controller + ",") != std::string::npos;
    if (match) return line.substr(second + 1);
  }
  return std::string();
}

Cgroups FindCgroups() {
  Cgroups found;
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line);
    std::string id, parent, device, root, point;
    before >> id >> parent >> device >> root >> point;
    std::istringstream after(line.substr(dash + 3));
    std::string type, source, options;
    after >> type >> source >> options;
    if (type == "cgroup2") found.v2 = point + OwnPath("");
    if (type == "cgroup" && ("," + options + ",").find(",memory,") != std::string::npos) {
      found.memory = point + OwnPath("memory");
    }
  }
  return found;
}

bool WriteTo(const std::string& path, const char* text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text, ::strlen(text)) > 0;
  ::close(fd);
  return written;
}

// A group of its own with a limit of memory; taken away at once.
bool CanLimit(const std::string& directory, const char* file) {
  if (directory.empty()) return false;
  const std::string group = directory + "/testcell-doctor-" + std::to_string(::getpid());
  if (::mkdir(group.c_str(), 0755) != 0) return false;
  const bool can = WriteTo(group + "/" + file, "1073741824");
  ::rmdir(group.c_str());
  return can;
}

void CheckCgroupLimits() {
  const Cgroups cgroups = FindCgroups();
  if (CanLimit(cgroups.v2, "memory.max")) Works();
  if (CanLimit(cgroups.memory, "memory.limit_in_bytes")) Works();
  if (cgroups.v2.empty() && cgroups.memory.empty()) {
    FailsWith("cgroups", "no cgroup file system with the memory controller is mounted");
  }
  FailsWith("cgroups",
            "no group in which this user may make groups with a memory limit: none is "
            "delegated to it");
}

// By user_namespaces(7) each line is: first id inside, the same outside, how many.
bool MayBeRootOfTheHost() {
  std::ifstream map("/proc/self/uid_map");
  long inside = 0, outside = 0, count = 0;
  while (map >> inside >> outside >> count) {
    if (inside == 0) return ::geteuid() == 0 && outside == 0;
  }
  return ::geteuid() == 0;
}

// Who may write to its settings from within any user namespace.
void BecomeNobody() {
  constexpr uid_t kNobody = 65534;
  if (!MayBeRootOfTheHost()) return;
  Need(::setresgid(kNobody, kNobody, kNobody) == 0, "setresgid(65534), to try it without rights");
  Need(::setresuid(kNobody, kNobody, kNobody) == 0, "setresuid(65534), to try it without rights");
  ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // /proc/self is this process's own still
}

// By nobody in a user namespace, where a kernel whose limit is not the namespace's own
// refuses: nothing of the host is changed.
void CheckPidLimit() {
  BecomeNobody();
  EnterUserNamespace();
  EnterWithPids(CLONE_NEWNS);
  DetachMounts();
  Need(::mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount(proc) on /proc");
  static const char kPath[] = "/proc/sys/kernel/pid_max";
  const int fd = ::open(kPath, O_WRONLY | O_CLOEXEC);
  Need(fd >= 0 && ::write(fd, "1000", 4) == 4, kPath);
}

}  // namespace

std::vector<Check> SystemChecks() {
  return {
      {"fanotify", "file events (fanotify)", Weight::kOptional,
       "findings about files that tests make and remove", CheckFanotify},
      {"escapes", "events of the host's files", Weight::kOptional,
       "writes to the host's files are named with --testcell_uses=all only", CheckEscapes},
      {"seccomp_notification", "system call events", Weight::kOptional,
       "findings about names used in passing (--testcell_uses=all)", CheckSeccompNotification},
      {"cgroup_limits", "memory limits (cgroups)", Weight::kOptional,
       "limits of a whole cell's memory; those of single processes remain", CheckCgroupLimits},
      {"pid_limit", "process limits", Weight::kOptional,
       "a limit of a cell's processes (Linux 6.14)", CheckPidLimit},
  };
}

}  // namespace testcell::cli
