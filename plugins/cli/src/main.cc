#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

#include "command.h"

namespace testcell::cli {
namespace {

struct Command {
  const char* name;
  const char* form;
  const char* help;
  int (*run)(const Words& words);
};

constexpr Command kCommands[] = {
    {"doctor", "[--json]", "what this host allows, and why not", Doctor},
    {"enter", "ID [-- COMMAND...]", "a shell or a command in a cell that is kept", Enter},
    {"gtest", "[FLAGS] -- PROGRAM...", "each test of a GoogleTest program in a cell", GTest},
    {"merge", "[FLAGS] OUT IN...", "the reports of several shards as one", Merge},
    {"run", "[FLAGS] -- COMMAND...", "one command in one cell", Run},
};

std::string Help() {
  std::string text =
      "testcell runs programs and tests in cells: Linux namespaces of their own, with\n"
      "a private network, /tmp and working directory.\n\n";
  for (const Command& command : kCommands) {
    std::string line = std::string("  testcell ") + command.name + " " + command.form;
    line.resize(std::max<std::size_t>(line.size() + 1, 44), ' ');
    text += line + command.help + "\n";
  }
  return text +
         "\n'testcell COMMAND --help' lists the flags. Each flag of a cell can be given in\n"
         "the environment, too, as TESTCELL_NAME.\n";
}

int Main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  if (name == "--version") {
    std::puts("testcell " TESTCELL_VERSION);
    return 0;
  }
  if (name == "--help" || name == "-h" || name == "help") {
    std::fputs(Help().c_str(), stdout);
    return 0;
  }
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run(Words(argv + 2, argv + argc));
  }
  if (name.empty()) {
    std::fputs(Help().c_str(), stderr);
  } else {
    Complain("there is no command '" + name + "'; testcell --help lists them");
  }
  return kStatusRefused;
}

}  // namespace
}  // namespace testcell::cli

int main(int argc, char** argv) {
  try {
    return testcell::cli::Main(argc, argv);
  } catch (const std::exception& error) {
    testcell::cli::Complain(error.what());
    return testcell::cli::kStatusRefused;
  }
}
