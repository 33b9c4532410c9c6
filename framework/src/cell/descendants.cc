#include "cell/descendants.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "probe/directory.h"
#include "probe/process_status.h"

namespace testcell::cell {
namespace {

template <typename Action>
void ForEachDescendant(const Action& action) {
  probe::Directory proc(AT_FDCWD, "/proc");
  const probe::Family family(proc.fd(), false);
  for (int pid = proc.NextNumber(); pid >= 0; pid = proc.NextNumber()) {
    if (family.Has(pid)) action(pid);
  }
}

// True if there is no child any more.
bool ReapAll() {
  for (;;) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    if (pid == 0) return false;
    if (pid < 0 && errno != EINTR) return true;
  }
}

}  // namespace

bool SignalDescendants(int signal) {
  bool any = false;
  bool refused = false;
  ForEachDescendant([&](pid_t pid) {
    const bool sent = ::kill(pid, signal) == 0;
    any = any || sent;
    refused = refused || (!sent && errno == EPERM);
  });
  return any || !refused;
}

void EndDescendants() {
  while (!ReapAll()) {
    if (!SignalDescendants(SIGKILL)) return;
    // The next one to end; its children are ours then, and may be new.
    while (::waitpid(-1, nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
}

}  // namespace testcell::cell
