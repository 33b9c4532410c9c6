// What /proc says of a process or a thread.
#ifndef TESTCELL_SRC_PROBE_PROCESS_STATUS_H_
#define TESTCELL_SRC_PROBE_PROCESS_STATUS_H_

#include <sys/types.h>

#include <cstddef>

#include "posix/fixed_text.h"

namespace testcell::probe {

struct ProcessStatus {
  posix::FixedText<64> name;  // at most 15 bytes of it (proc(5), comm)
  char state = '?';
  pid_t parent = 0;
  // It is on its way out. Others may be told of an exit before the process or
  // the thread is gone from /proc, so this is but a trace of what has ended.
  bool ending = false;
  long age_ms = 0;
  unsigned long long blocked = 0;  // the classic signals, 1 being bit 0

  bool IsZombie() const { return state == 'Z' || state == 'X'; }
};

// Of the file `stat` at `path`, relative to the directory that `at` holds
// open. False if the process is gone. Async-signal-safe.
bool ReadStatus(int at, const char* path, ProcessStatus* status);

// How much of it was read; 0 if nothing was. Async-signal-safe, as are all here.
std::size_t ReadFile(int at, const char* path, char* buffer, std::size_t size);

// `proc` leads to /proc of this process's PID namespace. A test may have put
// another one there, or have taken away the one that hid the host's.
// alone: it shows the cell's processes, and no others.
bool IsOwnProc(int proc, bool alone);

// What `proc` calls this process, by "self", or this thread, by "thread-self"; -1: it
// shows neither.
int OwnNumber(int proc, const char* name);

// This process and those below it, as `proc` calls them: which, where it belongs to a
// namespace above, is not what they call themselves.
class Family {
 public:
  Family(int proc, bool alone);

  pid_t own() const { return own_; }
  // Whether it is below this process; false for this process itself.
  bool Has(pid_t pid) const;

 private:
  int proc_;
  bool alone_;
  pid_t own_;
};

// The command line with spaces for the zeros; the name alone where there is
// none, and of a process that has this one's, as a fork of the test has.
using CommandLine = posix::FixedText<512>;
CommandLine ReadCommandLine(int proc, pid_t pid, const ProcessStatus& status);

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_PROCESS_STATUS_H_
