#include "cell/step.h"

#include <fmt/format.h>

#include <cerrno>

#include "posix/error.h"

namespace testcell::cell {
namespace {

const char* Remedy(Step step, int error) {
  switch (step) {
    case Step::kUserNamespace:
      if (error == ENOSPC) return "raise the sysctl user.max_user_namespaces";
      return "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
             "user.max_user_namespaces above 0, "
             "kernel.apparmor_restrict_unprivileged_userns=0), or run as root";
    case Step::kUserMap:
      if (error == EPERM) return "as root keep CAP_SETFCAP, or run as an ordinary user";
      return nullptr;
    case Step::kClone:
      if (error == ENOSPC) return "raise the sysctls user.max_*_namespaces";
      if (error == EPERM) return "run as root, or with CAP_SYS_ADMIN (docker: --privileged)";
      if (error == EAGAIN) return "raise the limit of processes (ulimit -u, pids.max)";
      return nullptr;
    case Step::kProc:
    case Step::kSysfs:
      if (error == EPERM) {
        return "the host masks part of it, as containers do by default; run the container with "
               "an unmasked /proc and /sys (docker, podman: --security-opt systempaths=unconfined)";
      }
      return nullptr;
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
