// A cell that is made for nobody, and taken down: whether a plan can be had here.
#ifndef TESTCELL_SRC_CELL_TRIAL_H_
#define TESTCELL_SRC_CELL_TRIAL_H_

#include <string>

#include "cell/plan.h"
#include "cell/step.h"

namespace testcell::cell {

struct Trial {
  bool stands = false;
  // Else the step that failed; kInit with ETIMEDOUT: nothing was heard.
  Step step = Step::kInit;
  int error = 0;
  std::string detail;
};

// Forks, and waits for the end of it. Of this process nothing is changed.
Trial TryCell(const Plan& plan);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_TRIAL_H_
