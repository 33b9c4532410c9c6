#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/unique_fd.h"
#include "probe/directory.h"
#include "probe/libc_threads.h"
#include "probe/probes.h"
#include "probe/process_status.h"

namespace testcell::probe {
namespace {

void ReportThread(int tid, const ProcessStatus& status, Sink* sink) {
  posix::FixedText<16> number;
  posix::FixedText<24> age;
  number.Add(static_cast<long>(tid));
  age.Add(status.age_ms);
  Text what;
  what.Add("thread ").Add(status.name.c_str()).Add(" (tid ").Add(number.c_str()).Add(")");
  sink->Report(LeakKind::kThread, View(what),
               {{"tid", View(number)}, {"name", View(status.name)}, {"age_ms", View(age)}});
}

// A thread that was joined is on its way out for a moment more. Which one it is nobody
// can see here, and so not be told of its end.
bool AwaitAlone(long deadline_ms) {
  constexpr int kLookMs = 1;
  while (::unshare(CLONE_THREAD) != 0) {
    if (NowMs() >= deadline_ms) return false;
    ::poll(nullptr, 0, kLookMs);
  }
  return true;
}

bool IsSanitizers(const ThreadStatus& thread) {
  return HasThreadOfSanitizer() && thread.BlocksAll();
}

}  // namespace

void ReportThreads(const LibcData& libc, Shared* shared, Sink* sink) {
  // What needs no second thread the kernel refuses where there is one.
  if (::unshare(CLONE_THREAD) == 0) return;
  const posix::UniqueFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const long deadline_ms = NowMs() + kRestMs;
  if (!IsOwnProc(proc.get(), shared->own_proc != 0)) {
    if (!AwaitAlone(deadline_ms)) shared->unseen = 1;
    return;
  }
  const int own = OwnNumber(proc.get(), "thread-self");
  Directory tasks(proc.get(), "self/task");
  for (int tid = tasks.NextNumber(); tid >= 0; tid = tasks.NextNumber()) {
    ThreadStatus thread;
    if (tid == own || !AwaitRest(tasks.fd(), tid, deadline_ms, &thread)) continue;
    if (IsSanitizers(thread) || IsIdleLibcThread(libc, tasks.fd(), thread)) continue;
    ReportThread(tid, thread.process, sink);
  }
}

}  // namespace testcell::probe
