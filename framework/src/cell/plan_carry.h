// What of a plan says which files are carried back, and from where.
#ifndef TESTCELL_SRC_CELL_PLAN_CARRY_H_
#define TESTCELL_SRC_CELL_PLAN_CARRY_H_

#include <string>
#include <vector>

#include "cell/plan.h"

namespace testcell::cell {

// Once the plan's directories are known. False, and the reason, for a pattern
// that leads to where nothing is carried from.
bool PlanCarry(const std::vector<std::string>& patterns, Plan* plan, std::string* error);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PLAN_CARRY_H_
