// A thread of this process: what it waits in, once it waits.
#ifndef TESTCELL_SRC_PROBE_THREAD_STATUS_H_
#define TESTCELL_SRC_PROBE_THREAD_STATUS_H_

#include <cstdint>

#include "probe/process_status.h"

namespace testcell::probe {

struct WaitingCall {
  long number = -1;  // none: it runs
  std::uint64_t arguments[6] = {};
};

struct ThreadStatus {
  ProcessStatus process;
  WaitingCall call;

  // It blocks every signal that can be, but for SIGSYS at times.
  bool BlocksAll() const;
};

// ThreadSanitizer starts a thread of its own in every fork, and another one before the
// program's first, whether or not this library was built with it.
bool HasThreadOfSanitizer();

// How long threads that are on their way are waited for, all in all.
inline constexpr long kRestMs = 200;
// Of the clock that deadlines are by.
long NowMs();

// Waits until it has ended or come to rest, or the deadline is over. A thread
// that has told of its end, or was told to end, runs for a moment more, and may
// wait for a lock of libc's; what waits in any other way is there to stay.
// False: it has ended. `tasks`: /proc/self/task, open. Async-signal-safe.
bool AwaitRest(int tasks, int tid, long deadline_ms, ThreadStatus* thread);

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_THREAD_STATUS_H_
