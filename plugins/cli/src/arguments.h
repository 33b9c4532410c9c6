// What the commands' parsers share: the flags of every cell, and the line
// between a command's own words and those of the program that it starts.
#ifndef TESTCELL_CLI_SRC_ARGUMENTS_H_
#define TESTCELL_CLI_SRC_ARGUMENTS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "command.h"
#include "testcell/internal/flags.h"

namespace testcell::cli {

// The first line of --help.
void SetUsage(CLI::App* app, const std::string& usage);

// Each as --NAME and as --testcell_NAME, with or without '='. `take` gets a
// value that the flag takes.
void AddFlag(CLI::App* app, const internal::Flag& flag,
             const std::function<void(const std::string&)>& take);
void AddFlags(CLI::App* app, const internal::FlagTable& table);

// Parses the words before the first that is no flag, or before "--"; the rest
// is *program. -1: go on; else the status to exit with, all said already.
int Parse(CLI::App* app, const Words& words, Words* program);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_ARGUMENTS_H_
