// Threads that libc makes by itself, and keeps for the next time: of timers and
// message queues that notify by a thread, of asynchronous reads and look-ups of
// names (aio(7), getaddrinfo_a(3)). While they wait for work they are nobody's
// leak.
#ifndef TESTCELL_SRC_PROBE_LIBC_THREADS_H_
#define TESTCELL_SRC_PROBE_LIBC_THREADS_H_

#include <cstddef>
#include <cstdint>

#include "probe/thread_status.h"

namespace testcell::probe {

// Where libc's own variables are.
class LibcData {
 public:
  // Before any test; takes the dynamic linker's lock.
  void Find();
  bool Has(std::uint64_t address) const;

 private:
  struct Range {
    std::uint64_t begin;
    std::uint64_t end;
  };
  static constexpr std::size_t kMaxRanges = 8;
  Range ranges_[kMaxRanges];
  std::size_t count_;
};

// Async-signal-safe, as are all here but Find(). `tasks`: /proc/self/task, open.

// libc's, and without work. A thread of the program's may block all signals,
// too; it does not wait as libc's does.
bool IsIdleLibcThread(const LibcData& libc, int tasks, const ThreadStatus& thread);

// A netlink socket on which one of libc's threads waits for mq_notify(3).
bool IsLibcSocket(int fd);

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_LIBC_THREADS_H_
