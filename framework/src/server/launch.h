// Starts a program: the one place that knows Boost.Process.
//
// Threads and forks: may be called on any thread. Between fork and exec only
// async-signal-safe calls are made.
#ifndef TESTCELL_SRC_SERVER_LAUNCH_H_
#define TESTCELL_SRC_SERVER_LAUNCH_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace testcell::server {

struct Program {
  std::string path;                      // absolute
  std::vector<std::string> arguments;    // without argv[0], which is the path
  std::vector<std::string> environment;  // "NAME=value", all of it
  std::string working_directory;         // empty: the caller's
};

// Returns once execve(2) has succeeded: a child of the caller, alone in a new
// process group, with `output` as stdout and stderr and /dev/null as stdin.
// Throws std::system_error with the step that failed; no child is left then.
pid_t Launch(const Program& program, int output);

// SIGKILL to every process of the group; a group that is gone already is fine.
void KillGroup(pid_t group) noexcept;

}  // namespace testcell::server

#endif  // TESTCELL_SRC_SERVER_LAUNCH_H_
