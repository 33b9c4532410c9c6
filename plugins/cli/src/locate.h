#ifndef TESTCELL_CLI_SRC_LOCATE_H_
#define TESTCELL_CLI_SRC_LOCATE_H_

#include <string>

namespace testcell::cli {

// The absolute path at which execvp(3) finds the program by now; empty: it
// finds none.
std::string Locate(const std::string& program);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_LOCATE_H_
