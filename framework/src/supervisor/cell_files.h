// The files that a test has left in its cell's private file systems, as a copy
// for people. The cell may still live.
#ifndef TESTCELL_SRC_SUPERVISOR_CELL_FILES_H_
#define TESTCELL_SRC_SUPERVISOR_CELL_FILES_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cell/plan.h"

namespace testcell::supervisor {

struct CellFileLimits {
  std::uint64_t bytes = 64u << 20;
  std::size_t files = 10000;
};

struct CellFileCopy {
  std::uint64_t bytes = 0;
  std::size_t files = 0;
  std::vector<std::string> notes;  // what is not there, or not whole, and why
};

// Files and links below `target`, each at its path in the cell; of
// copy-on-write directories those that the test wrote or made. Empty directories
// and what makes the cell itself are left out. `base`: the cell's base tmpfs.
// `init`: 0 where the cell is gone.
CellFileCopy CopyCellFiles(const cell::Plan& plan, bool working_directory_shared, int base,
                           pid_t init, const std::string& target, const CellFileLimits& limits);

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_CELL_FILES_H_
