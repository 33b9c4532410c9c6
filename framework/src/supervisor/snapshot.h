// What the processes of a cell were doing when its time was up.
#ifndef TESTCELL_SRC_SUPERVISOR_SNAPSHOT_H_
#define TESTCELL_SRC_SUPERVISOR_SNAPSHOT_H_

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace testcell::supervisor {

// The tree of processes below a cell's init, for people: process id in the
// cell, state, age and command line; of each thread the system call and the
// wait channel, and the kernel's stack where this user may read it. Reads the
// host's /proc; a process that ends meanwhile is left out. At most
// limits.lines lines, of printable ASCII, without a newline at the end.
struct SnapshotLimits {
  std::size_t lines = 60;
  std::size_t command_line = 160;
};
std::string DescribeProcesses(pid_t init, const SnapshotLimits& limits = SnapshotLimits());

// "futex"; "system call 4711" for one that this build does not know.
std::string SystemCallName(long number);

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_SNAPSHOT_H_
