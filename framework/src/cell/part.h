// The parts of a cell that a host may refuse: what they are called, what is lost
// without them, and which step of making a cell shows that one can't be had.
#ifndef TESTCELL_SRC_CELL_PART_H_
#define TESTCELL_SRC_CELL_PART_H_

#include <cstdint>
#include <optional>

#include "cell/step.h"
#include "testcell/options.h"

namespace testcell::cell {

using Parts = std::uint32_t;  // a set of Part

constexpr Parts Set(Part part) { return Parts{1} << static_cast<unsigned>(part); }
inline constexpr Parts kAllParts = ~Parts{0};

// What a failed step shows to be missing; nothing: it is no matter of the host's.
std::optional<Part> PartOf(Step step);

// The part, and what can't be had without it.
Parts WithDependents(Part part);

// What these Options ask for by name, and not by default. `root`: who runs the
// tests is.
Parts NeededBy(const Options& options, bool root);

// As `testcell doctor --json` has it; static storage, as are the following.
const char* Name(Part part);
const char* Title(Part part);
const char* Lost(Part part);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PART_H_
