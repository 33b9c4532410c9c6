// Brings files back to the host from the copy-on-write directories of cells
// that are gone.
#ifndef TESTCELL_SRC_SUPERVISOR_CARRY_H_
#define TESTCELL_SRC_SUPERVISOR_CARRY_H_

#include <string>
#include <vector>

#include "cell/plan.h"
#include "supervisor/staging.h"

namespace testcell::supervisor {

struct Carried {
  std::vector<std::string> paths;   // on the host, absolute
  std::vector<std::string> errors;  // sentences without an end
};

class Carry {
 public:
  // `base`: the cell's base tmpfs. Blocks for as long as the copying takes.
  Carried Take(const std::string& test, const cell::Plan& plan, bool working_directory_shared,
               int base);
  // Lets the host have what was taken. What went wrong comes back.
  std::vector<std::string> Place();

 private:
  Staging staging_;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_CARRY_H_
