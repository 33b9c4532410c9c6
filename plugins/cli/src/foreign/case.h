// One test of another program, as a GoogleTest test of this one.
#ifndef TESTCELL_CLI_SRC_FOREIGN_CASE_H_
#define TESTCELL_CLI_SRC_FOREIGN_CASE_H_

#include <string>
#include <vector>

#include "program.h"

namespace testcell::cli {

// Registers them all; program and tests have to outlive RUN_ALL_TESTS().
void RegisterCases(const ForeignProgram& program, const std::vector<ForeignTest>& tests);

// After InitGoogleTest. The output of a test holds what GoogleTest printed of
// its failures already: they are recorded, and not printed again.
void PrepareListeners();

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_FOREIGN_CASE_H_
