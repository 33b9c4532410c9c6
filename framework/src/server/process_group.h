// The end of a process and of all of its process group, as events: a pidfd is
// readable from the moment its process has ended (pidfd_open(2), Linux 5.3).
//
// Threads and forks: no state; /proc must be that of the PID namespace.
#ifndef TESTCELL_SRC_SERVER_PROCESS_GROUP_H_
#define TESTCELL_SRC_SERVER_PROCESS_GROUP_H_

#include <sys/types.h>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "posix/unique_fd.h"

namespace testcell::server {

using Clock = std::chrono::steady_clock;

// Now and so much later; what would overflow is a year.
Clock::time_point After(std::chrono::milliseconds delay);

// True when one of the descriptors is readable, false at the deadline. -1
// stands for none. Throws std::system_error.
bool WaitReadable(std::initializer_list<int> fds, Clock::time_point deadline);

// Empty where there is no such process any more. Throws std::system_error.
posix::UniqueFd OpenPidfd(pid_t pid);

// Of a child that has not been reaped.
bool HasEnded(int pidfd) noexcept;

// SIGKILL to the process, if it has not ended (pidfd_send_signal(2), Linux 5.1).
void Kill(int pidfd) noexcept;

// How a child ended; empty where nobody can know, since somebody else has
// reaped it or SIGCHLD is ignored.
struct Exit {
  std::optional<int> status;
  std::optional<int> signal;
  bool alive = false;  // it has not ended, even by SIGKILL
};

// Reaps a child that has ended.
Exit Reap(pid_t pid) noexcept;

// "exited with status 1", "was killed by SIGSEGV (Segmentation fault)".
std::string ExitText(const Exit& exit);

struct Member {
  pid_t pid = -1;
  std::string name;      // the kernel's, of at most 15 bytes (proc(5), comm)
  bool stopped = false;  // by a signal, as job control does; not by a tracer
};

// The processes of the group that have not ended. Empty without /proc.
std::vector<Member> LiveMembers(pid_t group);

// True when no process of the group is left but such as have ended; false at
// the deadline. Throws std::system_error.
bool WaitForGroup(pid_t group, Clock::time_point deadline);

}  // namespace testcell::server

#endif  // TESTCELL_SRC_SERVER_PROCESS_GROUP_H_
