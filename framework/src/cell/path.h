// Paths put together without allocation, for the forked side.
#ifndef TESTCELL_SRC_CELL_PATH_H_
#define TESTCELL_SRC_CELL_PATH_H_

#include "posix/fixed_text.h"

namespace testcell::cell {

using posix::FixedText;

// A name that leads to what an O_PATH descriptor holds, whatever is mounted
// over its path by now.
inline FixedText<32> FdPath(int fd) {
  FixedText<32> path;
  path.Add("/proc/self/fd/").Add(static_cast<long>(fd));
  return path;
}

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PATH_H_
