#include "cell/step.h"

#include <fmt/format.h>

#include <cerrno>

#include "posix/error.h"

namespace testcell::cell {
namespace {

constexpr char kPermit[] =
    "permit it in the seccomp filter or the security module in force (docker: --security-opt "
    "seccomp=unconfined --security-opt apparmor=unconfined)";

const char* NamespaceRemedy(int error, const char* raise) {
  if (error == ENOSPC) return raise;
  if (error == EPERM) {
    return "run as root with CAP_SYS_ADMIN (docker: --privileged), or permit unshare and clone in "
           "the seccomp filter in force";
  }
  return error == EINVAL ? "the kernel has no such namespaces" : nullptr;
}

const char* Remedy(Step step, int error) {
  switch (step) {
    case Step::kUserNamespace:
      if (error == ENOSPC) return "raise the sysctl user.max_user_namespaces";
      return "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
             "user.max_user_namespaces above 0, "
             "kernel.apparmor_restrict_unprivileged_userns=0), or run as root";
    case Step::kClone:
      if (error == EAGAIN) return "raise the limit of processes (ulimit -u, pids.max)";
      return nullptr;
    case Step::kUserMap:
      if (error == EPERM) return "as root keep CAP_SETFCAP, or run as an ordinary user";
      return nullptr;
    case Step::kProcessNamespace:
      return NamespaceRemedy(error, "sysctl -w user.max_pid_namespaces=15000");
    case Step::kMountNamespace:
      return NamespaceRemedy(error, "sysctl -w user.max_mnt_namespaces=15000");
    case Step::kNetworkNamespace:
      return NamespaceRemedy(error, "sysctl -w user.max_net_namespaces=15000");
    case Step::kIpcNamespace:
      return NamespaceRemedy(error, "sysctl -w user.max_ipc_namespaces=15000");
    case Step::kHostNameNamespace:
      return NamespaceRemedy(error, "sysctl -w user.max_uts_namespaces=15000");
    case Step::kCgroupNamespace:
      return NamespaceRemedy(error, "sysctl -w user.max_cgroup_namespaces=15000");
    case Step::kPrivateMounts:
    case Step::kBaseTmpfs:
    case Step::kHostName:
      if (error == EPERM || error == EACCES) return kPermit;
      return nullptr;
    case Step::kProc:
    case Step::kSysfs:
      if (error == EPERM) {
        return "the host masks part of it, as containers do by default; run the container with "
               "an unmasked /proc and /sys (docker, podman: --security-opt systempaths=unconfined)";
      }
      return nullptr;
    case Step::kLowPorts:
      if (error != EROFS) return nullptr;
      return "as in containers; docker: --security-opt systempaths=unconfined, podman: "
             "--security-opt unmask=ALL";
    case Step::kWorkingDirectoryOverlay:
      return "pass --testcell_cwd=auto or shared, or run from another directory";
    case Step::kOverlay:
    case Step::kRunOverlay:
      return "overlayfs needs Linux 5.11 in a user namespace; check that the kernel has it";
    case Step::kOpenPath:
    case Step::kBind:
    case Step::kShared:
      return "check the path in Options::binds, copy_on_write, read_only or shared";
    case Step::kReadOnly:
      if (error == ENOSYS) return "read-only paths need Linux 5.12";
      return nullptr;
    case Step::kLimits:
      return "lower the limit in Options::limits, or raise the hard limit outside";
    case Step::kForkTest:
    case Step::kForkWorker:
      return "raise the limits of memory and processes (ulimit -u, -v, pids.max)";
    default:
      return nullptr;
  }
}

}  // namespace

const char* Describe(Step step) {
  switch (step) {
    case Step::kUserNamespace:
      return "make a user namespace";
    case Step::kUserMap:
      return "map the user into its namespace";
    case Step::kCapabilities:
      return "set the capabilities";
    case Step::kClone:
      return "make the namespaces (clone3)";
    case Step::kProcessNamespace:
      return "make a process namespace";
    case Step::kMountNamespace:
      return "make a mount namespace";
    case Step::kNetworkNamespace:
      return "make a network namespace";
    case Step::kIpcNamespace:
      return "make an IPC namespace";
    case Step::kHostNameNamespace:
      return "make a namespace of host names";
    case Step::kCgroupNamespace:
      return "make a cgroup namespace";
    case Step::kInit:
      return "start init";
    case Step::kHostName:
      return "set the host name";
    case Step::kPrivateMounts:
      return "make mounts private";
    case Step::kOpenPath:
      return "open";
    case Step::kProc:
      return "mount the cell's own proc on";
    case Step::kBaseTmpfs:
      return "mount the private tmpfs on";
    case Step::kPrivateDirectory:
      return "make private";
    case Step::kBindThrough:
      return "bind through from the host";
    case Step::kRunOverlay:
    case Step::kOverlay:
      return "make copy-on-write";
    case Step::kWorkingDirectoryOverlay:
      return "make copy-on-write the working directory";
    case Step::kSubmount:
      return "bind back what is mounted on";
    case Step::kBind:
      return "bind";
    case Step::kShared:
      return "share with the host";
    case Step::kReadOnly:
      return "make read-only";
    case Step::kShm:
      return "mount a private tmpfs on";
    case Step::kMqueue:
      return "mount the cell's own mqueue on";
    case Step::kSysfs:
      return "mount the cell's own sysfs for";
    case Step::kHosts:
      return "put the cell's own name into";
    case Step::kLoopback:
      return "bring up the loopback interface";
    case Step::kLowPorts:
      return "open the ports below 1024 in";
    case Step::kChangeDirectory:
      return "change directory to";
    case Step::kForkTest:
      return "fork the test process";
    case Step::kTestDescriptors:
      return "set up the test's descriptors";
    case Step::kLimits:
      return "set the resource limit";
    case Step::kForkWorker:
      return "fork a process that makes cells";
  }
  return "make the cell";
}

std::string Explain(Step step, int error, const std::string& detail) {
  std::string text = fmt::format("cannot {}{}{}: {}", Describe(step), detail.empty() ? "" : " ",
                                 detail, posix::ErrnoText(error));
  if (const char* remedy = Remedy(step, error)) text += fmt::format("; {}", remedy);
  return text;
}

}  // namespace testcell::cell
