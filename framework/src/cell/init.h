// PID 1 of a cell: makes the insides, waits for the order to run, forks the
// test, reaps whatever is orphaned, and reports.
#ifndef TESTCELL_SRC_CELL_INIT_H_
#define TESTCELL_SRC_CELL_INIT_H_

#include "cell/context.h"

namespace testcell::cell {

// Never returns in init. Returns, with context->in_test set, in the test
// process. Async-signal-safe but for the fork itself.
void RunInit(Context* context);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_INIT_H_
