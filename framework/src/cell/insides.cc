#include "cell/insides.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cell/pids.h"
#include "cell/plan_reuse.h"

namespace testcell::cell {
namespace {

void SetHostName(const Context& context) {
  const std::string& name = context.plan->host_name;
  if (name.empty()) return;
  if (::sethostname(name.c_str(), name.size()) != 0) {
    Fail(context, Step::kHostName, errno, name.c_str());
  }
}

void EnterWorkingDirectory(const Context& context) {
  const std::string& cwd = context.plan->cwd;
  if (cwd.empty()) return;
  if (::chdir(cwd.c_str()) != 0) Fail(context, Step::kChangeDirectory, errno, cwd.c_str());
}

// Of the files there some are settings of the cell, others those of init, and all may be
// given other rights by uid 0, which owns them.
void ProtectProc(const Context& context) {
  constexpr unsigned long kFlags =
      MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (::mount(nullptr, "/proc", nullptr, kFlags, nullptr) != 0) {
    Fail(context, Step::kProc, errno, "/proc");
  }
}

}  // namespace

posix::UniqueFd MakeInsides(const Context& context, posix::UniqueFd* routes) {
  SetHostName(context);
  const int outside = PidOutside();
  posix::UniqueFd base;
  if (context.plan->own_mounts) {
    base = MakeMounts(context);
  } else if (context.probes != nullptr) {
    *context.probes->place_fds() = probe::PlaceFds();  // not those of the last cell
    context.probes->place_fds()->proc = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  if (context.plan->own_processes) SpreadPids(outside, context.plan->pid_max);
  if (context.plan->own_net) BringUpLoopback(context, routes);
  if (context.plan->low_ports) OpenLowPorts(context);
  if (context.plan->reuse && IsRootInside(*context.plan)) ProtectProc(context);
  EnterWorkingDirectory(context);
  return base;
}

}  // namespace testcell::cell
