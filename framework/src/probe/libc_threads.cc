#include "probe/libc_threads.h"

#include <fcntl.h>
#include <link.h>
#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/caller.h"
#include "probe/directory.h"

namespace testcell::probe {
namespace {

unsigned long long Bit(int signal) { return 1ull << (signal - 1); }

// The signal of libc's timers, which no program can ask for.
constexpr int kTimerSignal = 32;

// Before glibc 2.34 what is now in one library was in three.
bool IsLibc(const char* path) {
  const char* const slash = ::strrchr(path, '/');
  const char* const name = slash != nullptr ? slash + 1 : path;
  for (const char* known : {"libc.so.6", "librt.so.1", "libanl.so.1"}) {
    if (::strcmp(name, known) == 0) return true;
  }
  return false;
}

// Of a thread that is left waiting for the signals of timers: is there one?
bool HasTimers(int tasks) {
  char text[8192];
  const std::size_t size = ReadFile(tasks, "../timers", text, sizeof text - 1);
  text[size] = '\0';
  return ::strstr(text, "signal: 32/") != nullptr;
}

bool WaitsForTimers(int tasks, const WaitingCall& call) {
  std::uint64_t set = 0;
  return call.number == SYS_rt_sigtimedwait &&
         ReadMemory(::getpid(), call.arguments[0], &set, sizeof set) == sizeof set &&
         set == Bit(kTimerSignal) && !HasTimers(tasks);
}

// For a second, to be used again, then it ends.
bool WaitsForRequests(const LibcData& libc, const WaitingCall& call) {
  return call.number == SYS_futex &&
         (static_cast<int>(call.arguments[1]) & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET &&
         call.arguments[3] != 0 && libc.Has(call.arguments[0]);
}

bool WaitsForQueues(const WaitingCall& call) {
  constexpr std::uint64_t kCookieBytes = 32;  // NOTIFY_COOKIE_LEN
  if (call.number != SYS_recvfrom || call.arguments[2] != kCookieBytes) return false;
  int family = 0;
  socklen_t size = sizeof family;
  const int fd = static_cast<int>(call.arguments[0]);
  return call.arguments[3] == (MSG_NOSIGNAL | MSG_WAITALL) &&
         ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family == AF_NETLINK;
}

}  // namespace

void LibcData::Find() {
  count_ = 0;
  ::dl_iterate_phdr(
      [](dl_phdr_info* object, std::size_t, void* data) {
        auto* const self = static_cast<LibcData*>(data);
        if (!IsLibc(object->dlpi_name)) return 0;
        for (int i = 0; i < object->dlpi_phnum && self->count_ < kMaxRanges; ++i) {
          const auto& segment = object->dlpi_phdr[i];
          if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) == 0) continue;
          const std::uint64_t begin = object->dlpi_addr + segment.p_vaddr;
          self->ranges_[self->count_++] = {begin, begin + segment.p_memsz};
        }
        return 0;
      },
      this);
}

bool LibcData::Has(std::uint64_t address) const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (address >= ranges_[i].begin && address < ranges_[i].end) return true;
  }
  return false;
}

bool IsIdleLibcThread(const LibcData& libc, int tasks, const ThreadStatus& thread) {
  const WaitingCall& call = thread.call;
  return thread.BlocksAll() &&
         (WaitsForTimers(tasks, call) || WaitsForRequests(libc, call) || WaitsForQueues(call));
}

// The thread may be on its way to wait.
bool IsLibcSocket(int fd) {
  if (::unshare(CLONE_THREAD) == 0) return false;  // there is no other thread
  const long deadline_ms = NowMs() + kRestMs;
  Directory tasks(AT_FDCWD, "/proc/self/task");
  for (int tid = tasks.NextNumber(); tid >= 0; tid = tasks.NextNumber()) {
    ThreadStatus thread;
    if (tid == ::gettid() || !AwaitRest(tasks.fd(), tid, deadline_ms, &thread)) continue;
    const WaitingCall& call = thread.call;
    if (thread.BlocksAll() && WaitsForQueues(call) && static_cast<int>(call.arguments[0]) == fd) {
      return true;
    }
  }
  return false;
}

}  // namespace testcell::probe
