#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/unique_fd.h"
#include "probe/directory.h"
#include "probe/probes.h"
#include "probe/process_status.h"

// ThreadSanitizer starts a thread of its own in every fork, and another one
// before the program's first.
extern "C" void __tsan_init(void) __attribute__((weak));

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

unsigned long long Bit(int signal) { return 1ull << (signal - 1); }

// It blocks every signal that can be, but for SIGSYS at times.
bool IsSanitizers(const ProcessStatus& thread) {
  if (__tsan_init == nullptr) return false;
  const unsigned long long all = Bit(SIGSYS) - 1 - Bit(SIGKILL) - Bit(SIGSTOP);
  return (thread.blocked & all) == all;
}

}  // namespace

void ReportThreads(Shared* shared, Sink* sink) {
  // What needs no second thread the kernel refuses where there is one.
  if (::unshare(CLONE_THREAD) == 0) return;
  const posix::UniqueFd proc(::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!IsOwnProc(proc.get())) {
    shared->unseen = 1;
    return;
  }
  const int own = static_cast<int>(::syscall(SYS_gettid));
  Directory tasks(proc.get(), "self/task");
  for (int tid = tasks.NextNumber(); tid >= 0; tid = tasks.NextNumber()) {
    posix::FixedText<32> path;
    path.Add(static_cast<long>(tid)).Add("/stat");
    ProcessStatus thread;
    if (tid == own || !ReadStatus(tasks.fd(), path.c_str(), &thread)) continue;
    if (IsSanitizers(thread)) continue;
    if (!thread.IsZombie() && !thread.ending) ReportThread(tid, thread, sink);
  }
}

}  // namespace testcell::probe
