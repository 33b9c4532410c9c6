// What of a plan says which environment a test has.
#ifndef TESTCELL_SRC_CELL_PLAN_ENVIRONMENT_H_
#define TESTCELL_SRC_CELL_PLAN_ENVIRONMENT_H_

#include "cell/plan.h"

namespace testcell::cell {

// This process's with the changes; none, and the test keeps what it inherits, where there
// are no changes.
void PlanEnvironment(const decltype(Options::environment)& changes, Plan* plan);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PLAN_ENVIRONMENT_H_
