// What the forked side hands to the test process.
#ifndef TESTCELL_SRC_SUPERVISOR_TEST_SETUP_H_
#define TESTCELL_SRC_SUPERVISOR_TEST_SETUP_H_

#include "cell/context.h"
#include "cell/worker.h"
#include "supervisor/lifeboat.h"

namespace testcell::supervisor {

struct TestSetup {
  cell::TestOrder order;
  cell::SlotFds fds;
  Lifeboat* lifeboat = nullptr;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_TEST_SETUP_H_
