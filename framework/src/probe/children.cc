#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe/directory.h"
#include "probe/probes.h"
#include "probe/process_status.h"

namespace testcell::probe {
namespace {

void NoteChild(pid_t pid, Shared* shared) {
  if (shared->child_count >= Shared::kMaxChildren) return;
  shared->children[shared->child_count++] = pid;
}

void ReportZombie(pid_t pid, const ProcessStatus& status, Sink* sink) {
  posix::FixedText<16> number;
  number.Add(static_cast<long>(pid));
  Text what;
  what.Add(status.name.c_str()).Add(" (pid ").Add(number.c_str()).Add("), never waited for");
  sink->Report(LeakKind::kZombie, View(what), {{"pid", View(number)}, {"name", View(status.name)}});
}

}  // namespace

void ReportZombies(Shared* shared, Sink* sink) {
  shared->child_count = 0;
  siginfo_t info{};
  while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0) {
    if (errno != EINTR) return;  // ECHILD: there is none
  }
  Directory proc(AT_FDCWD, "/proc");
  if (!IsOwnProc(proc.fd(), shared->own_proc != 0)) {
    if (info.si_pid != 0) shared->unseen = 1;
    return;
  }
  const int own = OwnNumber(proc.fd(), "self");
  for (int pid = proc.NextNumber(); pid >= 0; pid = proc.NextNumber()) {
    posix::FixedText<32> path;
    path.Add(static_cast<long>(pid)).Add("/stat");
    ProcessStatus status;
    if (!ReadStatus(proc.fd(), path.c_str(), &status) || status.parent != own) continue;
    if (status.IsZombie() || status.ending) {
      ReportZombie(pid, status, sink);
    } else {
      NoteChild(pid, shared);
    }
  }
}

}  // namespace testcell::probe
