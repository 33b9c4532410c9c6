// The commands of the program testcell: each takes the words after its name
// and gives the status to exit with.
#ifndef TESTCELL_CLI_SRC_COMMAND_H_
#define TESTCELL_CLI_SRC_COMMAND_H_

#include <string>
#include <vector>

namespace testcell::cli {

using Words = std::vector<std::string>;

// Bad flags, or a host that can't make a cell.
inline constexpr int kStatusRefused = 2;

int Doctor(const Words& words);
int Enter(const Words& words);
int GTest(const Words& words);
int Merge(const Words& words);
int Run(const Words& words);

// One line on stderr.
void Complain(const std::string& text);

// Says why, by errno, and gives the status that shells have for it.
int CannotExecute(const std::string& program, int error);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_COMMAND_H_
