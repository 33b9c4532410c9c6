#include "probe/process_status.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "posix/unique_fd.h"
#include "probe/directory.h"

namespace testcell::probe {
namespace {

constexpr long kTicksPerSecond = 100;  // USER_HZ, whatever the kernel's own HZ

// Killed or exiting. A signal that kills leaves the pending ones a moment before
// the flags tell of it, and the kernel does not read both at once; on recent
// kernels the code of the exit tells of it all the while (a stopped process has
// a code, too). fields: see proc(5).
bool IsEnding(const unsigned long long* fields, char state) {
  constexpr unsigned long long kExiting = 0x4;      // PF_EXITING, set before anybody is told
  constexpr unsigned long long kSignalled = 0x400;  // PF_SIGNALED
  constexpr unsigned long long kKilled = 1ull << (SIGKILL - 1);
  if ((fields[9] & (kExiting | kSignalled)) != 0 || (fields[31] & kKilled) != 0) return true;
  return fields[52] != 0 && state != 'T' && state != 't';
}

long AgeMs(unsigned long long start_ticks) {
  timespec now;
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const long now_ms = static_cast<long>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
  return std::max(0L, now_ms - static_cast<long>(start_ticks) * 1000 / kTicksPerSecond);
}

}  // namespace

std::size_t ReadFile(int at, const char* path, char* buffer, std::size_t size) {
  const posix::UniqueFd fd(::openat(at, path, O_RDONLY | O_CLOEXEC));
  if (!fd) return 0;
  ssize_t got;
  do {
    got = ::read(fd.get(), buffer, size);
  } while (got < 0 && errno == EINTR);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

// In that of any other namespace this process has another number, or none. It
// might have the same there, were it among the first few, which are others.
int OwnNumber(int proc, const char* name) {
  char link[64];
  const ssize_t size = ::readlinkat(proc, name, link, sizeof link - 1);
  if (size <= 0) return -1;
  link[size] = '\0';
  const char* const slash = ::strrchr(link, '/');
  return ParseNumber(slash != nullptr ? slash + 1 : link);
}

bool IsOwnProc(int proc, bool alone) {
  struct statfs status;
  if (::fstatfs(proc, &status) != 0 || status.f_type != PROC_SUPER_MAGIC) return false;
  const int own = OwnNumber(proc, "self");
  return alone ? own == ::getpid() : own > 0;
}

// "PID (name) state ppid ...": fields are counted from 1 in proc(5).
bool ReadStatus(int at, const char* path, ProcessStatus* status) {
  char text[1024];
  const std::size_t size = ReadFile(at, path, text, sizeof text - 1);
  text[size] = '\0';
  const char* const open = ::strchr(text, '(');
  const char* const close = ::strrchr(text, ')');
  if (open == nullptr || close == nullptr || close[1] == '\0') return false;
  status->name = {};
  status->name.Add(open + 1, static_cast<std::size_t>(close - open - 1));
  status->state = close[2];
  const char* next = close + 3;
  unsigned long long fields[53] = {};
  for (int field = 4; field < 53; ++field) {
    char* end;
    fields[field] = ::strtoull(next, &end, 10);
    if (end == next) return false;
    next = end;
  }
  status->parent = static_cast<pid_t>(fields[4]);
  status->ending = IsEnding(fields, status->state);
  status->age_ms = AgeMs(fields[22]);
  status->blocked = fields[32];
  return true;
}

Family::Family(int proc, bool alone) : proc_(proc), alone_(alone), own_(::getpid()) {
  if (!alone) own_ = OwnNumber(proc, "self");
}

bool Family::Has(pid_t pid) const {
  if (pid == own_ || alone_) return pid != own_;
  // What changes meanwhile could lead in a circle.
  constexpr int kMaxDepth = 10'000;
  for (int depth = 0; depth < kMaxDepth; ++depth) {
    posix::FixedText<32> path;
    path.Add(static_cast<long>(pid)).Add("/stat");
    ProcessStatus status;
    if (pid <= 1 || !ReadStatus(proc_, path.c_str(), &status)) return false;
    if (status.parent == own_) return true;
    pid = status.parent;
  }
  return false;
}

CommandLine ReadCommandLine(int proc, pid_t pid, const ProcessStatus& status) {
  posix::FixedText<64> path;
  path.Add(static_cast<long>(pid)).Add("/cmdline");
  char text[500];
  char own[sizeof text];
  std::size_t size = ReadFile(proc, path.c_str(), text, sizeof text);
  CommandLine line;
  if (size == 0) return line.Add(status.name.c_str());  // in the middle of execve(2)
  const std::size_t own_size = ReadFile(proc, "self/cmdline", own, sizeof own);
  if (size == own_size && ::memcmp(text, own, size) == 0) return line.Add(status.name.c_str());
  while (size > 0 && text[size - 1] == '\0') --size;
  std::replace(text, text + size, '\0', ' ');
  std::replace(text, text + size, '\n', ' ');
  return line.Add(text, size);
}

}  // namespace testcell::probe
