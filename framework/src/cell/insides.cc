#include "cell/insides.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cell/pids.h"

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

}  // namespace

posix::UniqueFd MakeInsides(const Context& context) {
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
  if (context.plan->own_net) BringUpLoopback(context);
  if (context.plan->low_ports) OpenLowPorts(context);
  EnterWorkingDirectory(context);
  return base;
}

}  // namespace testcell::cell
