// How a worker makes init: one place for the choice between a copying and a
// vfork-style clone.
#ifndef TESTCELL_SRC_CELL_CLONE_H_
#define TESTCELL_SRC_CELL_CLONE_H_

#include <cstdint>

#include "cell/step.h"

namespace testcell::cell {

// Runs child(argument) in a new process in fresh `namespaces` (CLONE_NEW*).
// In the caller: returns the process's id once that process has ended (it
// shares the caller's memory until then) or, where the clone copies, at once;
// -1 and errno on failure. `child` must not return in that process, but may
// in a process that it forked: there CloneInit returns 0.
long CloneInit(std::uint64_t namespaces, void (*child)(void*), void* argument);

// After that has failed with `error`: which of the namespaces is refused, found by
// trying each alone; Step::kClone where none is. `*error` is that one's.
Step FindRefused(std::uint64_t namespaces, int* error);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_CLONE_H_
