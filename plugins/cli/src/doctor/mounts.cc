// File systems that a cell mounts.
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "check.h"

namespace testcell::cli {
namespace {

constexpr unsigned long kQuiet = MS_NOSUID | MS_NODEV;

void EnterMounts(int more = 0) {
  BecomeCellMaker();
  Enter(CLONE_NEWNS | more, "unshare()");
  DetachMounts();
}

// A fresh tmpfs; its path.
std::string MountTmpfs() {
  const char* const place = TmpfsPlace();
  if (place == nullptr) FailsWith("tmpfs", "there is neither /dev/shm nor /tmp to mount it on");
  Need(::mount("tmpfs", place, "tmpfs", kQuiet, "mode=0755") == 0, "mount(tmpfs)");
  return place;
}

void CheckTmpfs() {
  EnterMounts();
  const int fd = ::open((MountTmpfs() + "/file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  Need(fd >= 0 && ::write(fd, "x", 1) == 1, "a file on a tmpfs");
}

void CheckProc() {
  BecomeCellMaker();
  EnterWithPids(CLONE_NEWNS);
  DetachMounts();
  Need(::mount("proc", "/proc", "proc", kQuiet | MS_NOEXEC, nullptr) == 0, "mount(proc) on /proc");
}

// Over the working directory, since it depends on the file system below.
void CheckOverlay() {
  const bool privileged = IsPrivileged();
  char cwd[4096];
  Need(::getcwd(cwd, sizeof cwd) != nullptr, "getcwd()");
  EnterMounts();
  // Of this namespace: the kernel takes no other's. And no overlay is made of /.
  const int lower = ::open(std::strcmp(cwd, "/") == 0 ? "/etc" : cwd, O_PATH | O_CLOEXEC);
  Need(lower >= 0, "open() of the working directory");
  const std::string base = MountTmpfs();
  for (const char* name : {"/upper", "/work", "/merged"}) {
    Need(::mkdir((base + name).c_str(), 0755) == 0, "mkdir() on a tmpfs");
  }
  const std::string options = "lowerdir=/proc/self/fd/" + std::to_string(lower) +
                              ",upperdir=" + base + "/upper,workdir=" + base + "/work" +
                              (privileged ? "" : ",userxattr");
  Need(::mount("overlay", (base + "/merged").c_str(), "overlay", kQuiet, options.c_str()) == 0,
       "mount(overlay)");
  const int fd =
      ::open((base + "/merged/.testcell-doctor").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  Need(fd >= 0, "a file in an overlay");
}

void CheckMqueue() {
  EnterMounts(CLONE_NEWIPC);
  struct stat status;
  const bool usual = ::stat("/dev/mqueue", &status) == 0;
  const std::string place = usual ? "/dev/mqueue" : MountTmpfs();
  Need(::mount("mqueue", place.c_str(), "mqueue", kQuiet | MS_NOEXEC, nullptr) == 0,
       "mount(mqueue)");
}

void CheckSysfs() {
  EnterMounts(CLONE_NEWNET);
  const std::string place = MountTmpfs();
  constexpr unsigned long kFlags = kQuiet | MS_NOEXEC;
  if (::mount("sysfs", place.c_str(), "sysfs", kFlags, nullptr) == 0) return;
  // Where the host's is read-only, a cell's is, too.
  Need(errno == EPERM && ::mount("sysfs", place.c_str(), "sysfs", kFlags | MS_RDONLY, nullptr) == 0,
       "mount(sysfs)");
}

void CheckReadOnly() {
  EnterMounts();
  const std::string place = MountTmpfs();
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  Need(::syscall(SYS_mount_setattr, AT_FDCWD, place.c_str(), AT_RECURSIVE, &attributes,
                 sizeof attributes) == 0,
       "mount_setattr()");
}

}  // namespace

std::vector<Check> MountChecks() {
  return {
      {"tmpfs", "tmpfs", Weight::kRequired, "private files", CheckTmpfs},
      {"proc", "a private /proc", Weight::kRequired, "process ids of the cell's own", CheckProc},
      {"sysfs", "a private /sys/class/net", Weight::kRequired, "the cell's interfaces in /sys",
       CheckSysfs},
      {"overlay", "copy-on-write here", Weight::kRequired,
       "a private working directory; Options::copy_on_write, --testcell_tmp=cow", CheckOverlay},
      {"mqueue", "/dev/mqueue", Weight::kRequired, "message queues as files", CheckMqueue},
      {"mount_setattr", "read-only paths", Weight::kOptional, "Options::read_only, Bind::read_only",
       CheckReadOnly},
  };
}

}  // namespace testcell::cli
