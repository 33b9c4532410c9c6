// From an errno and what is known of the host to a cause and a remedy.
#include <cerrno>
#include <cstring>
#include <string>

#include "host.h"

namespace testcell::cli {
namespace {

std::string ErrorText(int error) {
  const char* const name = ::strerrorname_np(error);
  return std::string(name == nullptr ? "error" : name) + " (" + ::strerrordesc_np(error) + ")";
}

bool Is(const Check& check, const char* name) { return std::strcmp(check.name, name) == 0; }

bool BeginsWith(const std::string& text, const char* start) { return text.rfind(start, 0) == 0; }

bool FailedAtUserNamespace(const Finding& finding) {
  return BeginsWith(finding.call, "unshare(CLONE_NEWUSER)") ||
         BeginsWith(finding.call, "/proc/self/");
}

constexpr char kProfile[] =
    "put into /etc/apparmor.d/testcell:  abi <abi/4.0>, include <tunables/global> "
    "profile testcell PROGRAM flags=(unconfined) { userns, }  and run: apparmor_parser -r "
    "/etc/apparmor.d/testcell; or: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";

// The flags by which a container's runtime would permit it.
std::string Permit(const Host& host, const char* docker, const char* podman) {
  if (host.container == "podman") return std::string("podman run ") + podman;
  if (host.container == "kubernetes") {
    return "in the pod: securityContext: seccompProfile: {type: Unconfined}, procMount: Unmasked, "
           "appArmorProfile: {type: Unconfined}";
  }
  if (host.container == "docker") return std::string("docker run ") + docker;
  return std::string();
}

Diagnosis DiagnoseUserNamespace(const Finding& finding, const Host& host) {
  if (finding.error == ENOSPC || Sysctl("user.max_user_namespaces") == 0) {
    return {"the sysctl user.max_user_namespaces is " +
                std::to_string(Sysctl("user.max_user_namespaces").value_or(0)),
            host.in_user_namespace ? "raise it outside of this user namespace: sysctl -w "
                                     "user.max_user_namespaces=15000"
                                   : "sysctl -w user.max_user_namespaces=15000"};
  }
  if (finding.error == EINVAL) {
    return {"the kernel has no user namespaces", "a kernel with CONFIG_USER_NS, or run as root"};
  }
  if (Sysctl("kernel.unprivileged_userns_clone") == 0) {
    return {"the sysctl kernel.unprivileged_userns_clone is 0",
            "sysctl -w kernel.unprivileged_userns_clone=1"};
  }
  if (host.chrooted) {
    return {"the program runs in a chroot, where the kernel makes no user namespace",
            "use pivot_root(2), as bwrap and unshare --mount do, or run outside of the chroot"};
  }
  const std::string permit =
      Permit(host, "--security-opt seccomp=unconfined --security-opt apparmor=unconfined",
             "--security-opt seccomp=unconfined");
  if (host.seccomp) {
    return {"a seccomp filter is in force, and refuses it" +
                (host.container.empty() ? "" : " (of " + host.container + "'s profile)"),
            permit.empty() ? "allow clone, clone3, unshare and mount in the filter" : permit};
  }
  if (Sysctl("kernel.apparmor_restrict_unprivileged_userns") == 1) {
    return {
        "AppArmor restricts user namespaces of ordinary users "
        "(kernel.apparmor_restrict_unprivileged_userns is 1)",
        kProfile};
  }
  if (!host.apparmor.empty()) {
    return {"the AppArmor profile '" + host.apparmor + "' is in force",
            permit.empty() ? "allow userns and mount in the profile" : permit};
  }
  return {"no cause can be seen from here: a security module such as SELinux, or a chroot?",
          permit.empty() ? "run as root" : permit};
}

// How the sysctl is called that limits a kind of namespace.
const char* LimitOf(const Check& check) {
  if (Is(check, "mount_namespace")) return "user.max_mnt_namespaces";
  if (Is(check, "pid_namespace")) return "user.max_pid_namespaces";
  if (Is(check, "network_namespace")) return "user.max_net_namespaces";
  if (Is(check, "uts_namespace")) return "user.max_uts_namespaces";
  if (Is(check, "ipc_namespace")) return "user.max_ipc_namespaces";
  if (Is(check, "cgroup_namespace")) return "user.max_cgroup_namespaces";
  if (Is(check, "time_namespace")) return "user.max_time_namespaces";
  return nullptr;
}

Diagnosis DiagnoseProc(const Host& host) {
  if (host.hidden_pids) {
    return {"the host's /proc is mounted with hidepid", "mount -o remount,hidepid=0 /proc"};
  }
  if (host.masked_proc.empty()) return {};
  const std::string permit =
      Permit(host, "--security-opt systempaths=unconfined", "--security-opt unmask=ALL");
  return {
      "parts of the host's /proc are covered: " + host.masked_proc.front() +
          (host.masked_proc.size() > 1
               ? " and " + std::to_string(host.masked_proc.size() - 1) + " more"
               : ""),
      permit.empty() ? "unmount what covers them (grep ' /proc/' /proc/self/mountinfo)" : permit};
}

Diagnosis DiagnoseRefusal(const Check& check, const Host& host) {
  if (Is(check, "proc") || Is(check, "sysfs")) {
    Diagnosis proc = DiagnoseProc(host);
    if (!proc.reason.empty() || !proc.remedy.empty()) return proc;
  }
  const std::string permit =
      Permit(host,
             "--privileged, or --cap-add SYS_ADMIN with --security-opt seccomp=unconfined "
             "--security-opt apparmor=unconfined",
             "--privileged");
  if (host.root && !host.admin) {
    return {"root has no CAP_SYS_ADMIN here",
            permit.empty() ? "grant CAP_SYS_ADMIN, or run as an ordinary user" : permit};
  }
  if (host.seccomp) {
    return {"a seccomp filter is in force",
            permit.empty() ? "allow the call in the filter" : permit};
  }
  if (!host.apparmor.empty()) {
    return {"the AppArmor profile '" + host.apparmor + "' is in force", permit};
  }
  return {};
}

// The kernel's part for a kind of interface or queue is missing.
Diagnosis DiagnoseMissing(const Check& check) {
  if (Is(check, "netem")) return {"the kernel has no netem", "modprobe sch_netem"};
  if (Is(check, "vlan")) return {"the kernel has no VLANs", "modprobe 8021q"};
  for (const char* name : {"veth", "bridge", "dummy"}) {
    if (Is(check, name)) {
      return {std::string("the kernel has no ") + name, std::string("modprobe ") + name};
    }
  }
  if (Is(check, "tap")) return {"there is no /dev/net/tun", "modprobe tun"};
  if (Is(check, "overlay")) return {"the kernel has no overlayfs", "modprobe overlay"};
  return {};
}

}  // namespace

Diagnosis Diagnose(const Check& check, const Finding& finding, const Host& host) {
  const std::string call = finding.call;
  std::string what = call;
  if (finding.text[0] != '\0') {
    what = finding.text;
  } else if (finding.error != 0) {
    what += (call.empty() ? "" : ": ") + ErrorText(finding.error);
  }
  Diagnosis found;
  if (FailedAtUserNamespace(finding)) {
    found = DiagnoseUserNamespace(finding, host);
  } else if (finding.error == ENOSPC && LimitOf(check) != nullptr) {
    const std::string limit = LimitOf(check);
    found = {"the sysctl " + limit + " is " + std::to_string(Sysctl(limit).value_or(0)),
             "sysctl -w " + limit + "=15000"};
  } else if (finding.error == ENOSYS) {
    found = {host.seccomp ? "the kernel, or the seccomp filter in force, does not know the call"
                          : "the kernel is too old, or was built without it",
             host.seccomp ? Permit(host, "--security-opt seccomp=unconfined, or a newer docker",
                                   "--security-opt seccomp=unconfined, or a newer podman")
                          : "a newer kernel"};
  } else if (finding.error == EPERM || finding.error == EACCES) {
    found = DiagnoseRefusal(check, host);
  } else if (finding.error == EOPNOTSUPP || finding.error == ENOENT || finding.error == ENODEV) {
    found = DiagnoseMissing(check);
  }
  if (Is(check, "cgroup_limits")) {
    found.remedy = "systemd-run --user --scope -p Delegate=yes COMMAND";
  }
  if (found.remedy.empty() && Is(check, "overlay")) {
    found.remedy = "run from a directory of another file system, or pass --testcell_cwd=shared";
  }
  if (found.remedy.empty() && Is(check, "escapes")) {
    found.remedy = "run as the host's root, or pass --testcell_uses=all";
  }
  if (BeginsWith(finding.call, "setres")) found.remedy = "run it outside of this user namespace";
  if (found.remedy.empty() && Is(check, "pid_limit")) found.remedy = "Linux 6.14 or later";
  found.reason = found.reason.empty() ? what : what + "; " + found.reason;
  return found;
}

}  // namespace testcell::cli
