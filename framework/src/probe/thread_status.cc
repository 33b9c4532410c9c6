#include "probe/thread_status.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "posix/fixed_text.h"
#include "posix/unique_fd.h"

extern "C" void __tsan_init(void) __attribute__((weak));

namespace testcell::probe {
namespace {

unsigned long long Bit(int signal) { return 1ull << (signal - 1); }

// "NUMBER 0xARGUMENT ..." of six arguments; "running".
WaitingCall ReadWaitingCall(int tasks, int tid) {
  posix::FixedText<32> path;
  path.Add(static_cast<long>(tid)).Add("/syscall");
  char text[256];
  text[ReadFile(tasks, path.c_str(), text, sizeof text - 1)] = '\0';
  WaitingCall call;
  char* next;
  const long number = ::strtol(text, &next, 10);
  if (next == text) return call;
  for (std::uint64_t& argument : call.arguments) argument = ::strtoull(next, &next, 16);
  call.number = number;
  return call;
}

bool IsAtRest(const ThreadStatus& thread) {
  if (thread.process.state != 'S') return false;
  const WaitingCall& call = thread.call;
  return call.number != SYS_futex ||
         (static_cast<int>(call.arguments[1]) & FUTEX_CMD_MASK) != FUTEX_WAIT;
}

// Until it has ended, or is to be looked at again: nobody is told when a thread
// comes to rest, nor, before Linux 6.9, when a single one ends.
void AwaitEnd(int tid) {
  constexpr unsigned kThread = O_EXCL;  // PIDFD_THREAD
  constexpr int kLookMs = 5;
  const posix::UniqueFd thread(static_cast<int>(::syscall(SYS_pidfd_open, tid, kThread)));
  pollfd event{thread.get(), POLLIN, 0};
  ::poll(&event, 1, kLookMs);
}

}  // namespace

bool HasThreadOfSanitizer() { return __tsan_init != nullptr; }

bool ThreadStatus::BlocksAll() const {
  const unsigned long long all = Bit(SIGSYS) - 1 - Bit(SIGKILL) - Bit(SIGSTOP);
  return (process.blocked & all) == all;
}

long NowMs() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<long>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

bool AwaitRest(int tasks, int tid, long deadline_ms, ThreadStatus* thread) {
  posix::FixedText<32> path;
  path.Add(static_cast<long>(tid)).Add("/stat");
  for (;;) {
    if (!ReadStatus(tasks, path.c_str(), &thread->process)) return false;
    if (thread->process.IsZombie() || thread->process.ending) return false;
    thread->call = ReadWaitingCall(tasks, tid);
    if (IsAtRest(*thread) || NowMs() >= deadline_ms) return true;
    AwaitEnd(tid);
  }
}

}  // namespace testcell::probe
