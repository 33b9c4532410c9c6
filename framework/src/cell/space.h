// The private file systems of a cell, and whether one of them is full: a test
// that gets ENOSPC is to be told which size to raise.
#ifndef TESTCELL_SRC_CELL_SPACE_H_
#define TESTCELL_SRC_CELL_SPACE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "cell/plan.h"

namespace testcell::cell {

// A path to each, with the device that stands there in a fresh cell: the test
// may mount something over it.
struct Space {
  struct Place {
    const char* path = nullptr;  // null: there is none
    dev_t device = 0;
  };
  Place base;  // the one that holds everything else
  Place shm;   // /dev/shm, where it has a size of its own
};

// In init, once the mounts are made. Async-signal-safe.
Space FindSpace(const Plan& plan);

// protocol::FullFlags, of now. In the cell. Async-signal-safe.
std::uint32_t FullSpace(const Space& space);

// For people, as a sentence; empty for no flags.
std::string DescribeFull(const Plan& plan, std::uint32_t full);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_SPACE_H_
