#include "cell/insides.h"

#include <errno.h>
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
  posix::UniqueFd base = MakeMounts(context);
  SpreadPids(outside, context.plan->pid_max);
  if (context.plan->own_net) {
    BringUpLoopback(context);
    OpenLowPorts(context);
  }
  EnterWorkingDirectory(context);
  return base;
}

}  // namespace testcell::cell
