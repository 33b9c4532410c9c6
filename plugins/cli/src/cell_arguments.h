// What `testcell run` can set of a cell beside the flags: testcell::Options by
// words of a command line.
#ifndef TESTCELL_CLI_SRC_CELL_ARGUMENTS_H_
#define TESTCELL_CLI_SRC_CELL_ARGUMENTS_H_

#include <CLI/CLI.hpp>

#include "testcell/options.h"

namespace testcell::cli {

// Each option writes to *options, or throws CLI::ValidationError.
void AddCellArguments(CLI::App* app, Options* options);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_CELL_ARGUMENTS_H_
