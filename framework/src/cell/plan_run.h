// What of a plan puts /run together where no overlay of it can be had as a whole.
#ifndef TESTCELL_SRC_CELL_PLAN_RUN_H_
#define TESTCELL_SRC_CELL_PLAN_RUN_H_

#include <string>

#include "cell/plan.h"

namespace testcell::cell {

bool HasMountsBelow(const HostFacts& host, const std::string& path);

// The entries of `plan->run`, whose path is known.
void ComposeRun(const HostFacts& host, Plan* plan);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PLAN_RUN_H_
