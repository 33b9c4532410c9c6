// What the two halves of cell_floor share: cell_floor.c makes cells and takes
// their times, cell_floor_main.c reads arguments and prints.
#ifndef TESTCELL_BENCHMARKS_CELL_FLOOR_H_
#define TESTCELL_BENCHMARKS_CELL_FLOOR_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// In the order in which they happen; kStepNames follows it.
enum Step {
  kClone,
  kMaps,
  kIdentity,
  kPrivate,
  kProc,
  kTmpfs,
  kDirectories,
  kBindTmp,
  kOverlayRun,
  kOverlayCwd,
  kSysfs,
  kHosts,
  kBindShm,
  kMqueue,
  kLoopback,
  kLowPorts,
  kTest,
  kTeardown,
  kStepCount
};

// What one cell leaves in shared memory for its parent. ended[step] is the time
// at which the step was over.
struct Cell {
  int64_t began_ns;
  int64_t ended_ns[kStepCount];
  int failed_errno;  // 0: every step worked
  int failed_step;
};

struct Settings {
  int cells;
  int jobs;
  size_t parent_mib;
  bool json;
  bool steps;
  bool user_namespace;
  bool private_cwd;  // false when the working directory is /
  bool private_run;  // false where an overlay on /run is refused
  uid_t uid;
  gid_t gid;
  char cwd[4096];
};

extern const char* const kStepNames[];

// Memory that is shared with forked children.
void* Share(size_t size);
void TouchMemory(size_t mib);
// False: a cell could not be made, and a message says why.
bool RunJobs(struct Cell* cells, const struct Settings* settings);
// Ends the program with the errno of what failed.
void Die(const char* what);
// Which cell could not be made, and why.
void ReportFailure(const struct Cell* cells, int count);

#endif  // TESTCELL_BENCHMARKS_CELL_FLOOR_H_
