// Namespaces, and the calls that make and watch processes.
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "check.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace testcell::cli {
namespace {

// Not left to the other checks: an ordinary user has no cell without it, and
// root may ask for one.
void CheckUser() {
  EnterUserNamespace();
  // Where a security module lets the namespace be made, and not be used.
  Enter(CLONE_NEWUTS, "unshare(CLONE_NEWUTS) in it");
}

template <int kNamespace>
void CheckOne(const char* call) {
  BecomeCellMaker();
  Enter(kNamespace, call);
}

void CheckMounts() {
  CheckOne<CLONE_NEWNS>("unshare(CLONE_NEWNS)");
  DetachMounts();
}
void CheckPids() {
  BecomeCellMaker();
  EnterWithPids(0);
}
void CheckNetwork() { CheckOne<CLONE_NEWNET>("unshare(CLONE_NEWNET)"); }
void CheckHostName() {
  CheckOne<CLONE_NEWUTS>("unshare(CLONE_NEWUTS)");
  Need(::sethostname("cell", 4) == 0, "sethostname()");
}
void CheckIpc() { CheckOne<CLONE_NEWIPC>("unshare(CLONE_NEWIPC)"); }
void CheckCgroups() { CheckOne<CLONE_NEWCGROUP>("unshare(CLONE_NEWCGROUP)"); }

void CheckTime() {
  CheckOne<CLONE_NEWTIME>("unshare(CLONE_NEWTIME)");
  const int fd = ::open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  Need(fd >= 0, "open(/proc/self/timens_offsets)");
  const char kOffsets[] = "monotonic 86400 0\nboottime 86400 0\n";
  Need(::write(fd, kOffsets, sizeof kOffsets - 1) > 0, "write(/proc/self/timens_offsets)");
}

void CheckClone3() {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  const long child = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) ::_exit(0);
  Need(child > 0, "clone3()");
}

void CheckPidfd() {
  const long fd = ::syscall(SYS_pidfd_open, ::getpid(), 0);
  Need(fd >= 0, "pidfd_open()");
  Need(::syscall(SYS_pidfd_send_signal, fd, 0, nullptr, 0) == 0, "pidfd_send_signal()");
}

void CheckCloseRange() {
  Need(::syscall(SYS_close_range, 1000, 1000, CLOSE_RANGE_CLOEXEC) == 0,
       "close_range(CLOSE_RANGE_CLOEXEC)");
}

}  // namespace

std::vector<Check> NamespaceChecks() {
  const Weight user = IsPrivileged() ? Weight::kOptional : Weight::kRequired;
  return {
      {"user_namespace", "user namespaces", user,
       IsPrivileged() ? "Options::user_namespace" : "cells, unless root makes them", CheckUser},
      {"mount_namespace", "mount namespaces", Weight::kRequired, "private files", CheckMounts},
      {"pid_namespace", "process namespaces", Weight::kRequired,
       "a test's processes ending with it", CheckPids},
      {"network_namespace", "network namespaces", Weight::kRequired, "private ports", CheckNetwork},
      {"uts_namespace", "host names", Weight::kRequired, "a host name of the cell's own",
       CheckHostName},
      {"ipc_namespace", "IPC namespaces", Weight::kRequired,
       "private System V IPC and message queues", CheckIpc},
      {"cgroup_namespace", "cgroup namespaces", Weight::kOptional, "Options::cgroup_namespace",
       CheckCgroups},
      {"time_namespace", "time offsets", Weight::kOptional, "tests at another uptime", CheckTime},
      {"clone3", "clone3(2)", Weight::kOptional, "nothing: clone(2) makes the cells", CheckClone3},
      {"pidfd", "process descriptors", Weight::kOptional,
       "nothing as a rule: cells are ended by process ids", CheckPidfd},
      {"close_range", "close_range(2)", Weight::kOptional, "testcell::Server", CheckCloseRange},
  };
}

}  // namespace testcell::cli
