// What of a plan says whether a cell may serve more than one test.
#ifndef TESTCELL_SRC_CELL_PLAN_REUSE_H_
#define TESTCELL_SRC_CELL_PLAN_REUSE_H_

#include "cell/plan.h"

namespace testcell::cell {

// Once everything else of the plan is known. `whole`: the host gives all that it asks for.
void PlanReuse(const Options& options, Reuse by_default, bool whole, Plan* plan);

// Whether the test is uid 0: what the kernel makes in the cell is then its own, and needs
// no capability to be written to.
bool IsRootInside(const Plan& plan);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PLAN_REUSE_H_
