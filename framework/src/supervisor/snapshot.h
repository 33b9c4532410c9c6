// What the processes of a cell were doing when its time was up.
#ifndef TESTCELL_SRC_SUPERVISOR_SNAPSHOT_H_
#define TESTCELL_SRC_SUPERVISOR_SNAPSHOT_H_

#include <sys/types.h>

#include <string>

namespace testcell::supervisor {

// The tree of processes below a cell's init, a line each: process id in the
// cell, command line, state, system call and wait channel of each thread.
// Reads the host's /proc; a process that ends meanwhile is left out.
std::string DescribeProcesses(pid_t init);

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_SNAPSHOT_H_
