// Where the process ids of a cell begin. In a new PID namespace they begin anew,
// but names that programs make of them (/srv/log.2) may lie where cells share.
#ifndef TESTCELL_SRC_CELL_PIDS_H_
#define TESTCELL_SRC_CELL_PIDS_H_

namespace testcell::cell {

// Async-signal-safe, no allocation, as all that init does.

// This process as it is numbered outside; 0: not known. While /proc is not yet
// the cell's own.
int PidOutside();

// The next process of this namespace gets an id of its own among cells: it
// follows from `outside`, which no two processes have at a time. `limit` is the
// host's pid_max; 0: not known. Best effort: where the kernel refuses, ids go
// on as they were.
void SpreadPids(int outside, int limit);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PIDS_H_
