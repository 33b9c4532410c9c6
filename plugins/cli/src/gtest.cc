// testcell gtest: every test of a GoogleTest program that is what it is, in a
// cell of its own.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "arguments.h"
#include "command.h"
#include "flags.h"
#include "foreign/case.h"
#include "foreign/program.h"
#include "plugin.h"
#include "testcell/gtest.h"

namespace testcell::cli {
namespace {

constexpr char kDescription[] =
    "Runs every test of a GoogleTest program in a cell of its own, without building\n"
    "it anew: it is started once for each test. Results come together as if it had\n"
    "been linked with testcell: console, XML, JSON, filters, shards.\n\n"
    "Exit status: GoogleTest's own, 0 or 1; 2 for bad flags, or where no cell can be\n"
    "made; 126 or 127 if the program can't be executed.";

bool BeginsWith(const std::string& text, const char* start) { return text.rfind(start, 0) == 0; }

// GoogleTest's flags that change how a test itself behaves.
bool IsForTheProgram(const std::string& word) {
  static constexpr const char* kTheirs[] = {
      "--gtest_catch_exceptions",    "--gtest_break_on_failure",  "--gtest_throw_on_failure",
      "--gtest_death_test_style",    "--gtest_stack_trace_depth", "--gtest_print_utf8",
      "--gtest_death_test_use_fork", "--gtest_random_seed"};
  for (const char* flag : kTheirs) {
    if (BeginsWith(word, flag)) return true;
  }
  return !BeginsWith(word, "--gtest_");
}

// The words for our own GoogleTest, and those for the program's.
struct Division {
  Words ours;
  Words theirs;
};

Division Divide(const Words& program) {
  Division words;
  words.ours.push_back(program.front());
  words.theirs.push_back(program.front());
  for (std::size_t i = 1; i < program.size(); ++i) {
    const std::string& word = program[i];
    if (IsForTheProgram(word)) words.theirs.push_back(word);
    if (BeginsWith(word, "--gtest_")) words.ours.push_back(word);
  }
  return words;
}

// The flags of testcell, as the plugin in this program reads them.
void AddPluginFlags(CLI::App* app, const internal::FlagTable& table, Words* given) {
  for (const internal::Flag& flag : table) {
    const std::string name = flag.name;
    // There are no fixtures, listeners and Environments in this program.
    if (name == "isolate" || name == "listeners" || name == "environments") continue;
    AddFlag(app, flag, [given, name](const std::string& value) {
      given->push_back("--testcell_" + name + "=" + value);
    });
  }
}

}  // namespace

int GTest(const Words& words) {
  internal::Flags defaults;
  const internal::FlagTable table = internal::PluginFlagTable(&defaults);
  CLI::App app(kDescription, "testcell gtest");
  SetUsage(&app, "testcell gtest [FLAGS] -- PROGRAM [ARGUMENTS, GOOGLETEST'S FLAGS]");
  Words given;
  AddPluginFlags(&app, table, &given);
  Words program_words;
  const int refused = Parse(&app, words, &program_words);
  if (refused >= 0) return refused;
  if (program_words.empty()) {
    Complain("there is no program to run; testcell gtest --help has the form");
    return kStatusRefused;
  }

  Division division = Divide(program_words);
  const ForeignProgram program(division.theirs);
  if (::access(program.path().c_str(), X_OK) != 0) {
    return CannotExecute(program_words.front(), errno);
  }
  std::vector<ForeignTest> tests;
  const std::string error = program.List(&tests);
  if (!error.empty()) {
    Complain(error);
    return kStatusRefused;
  }
  RegisterCases(program, tests);
  internal::KeepVisible(program.path());

  division.ours.insert(division.ours.end(), given.begin(), given.end());
  std::vector<char*> argv;
  for (std::string& word : division.ours) argv.push_back(word.data());
  int argc = static_cast<int>(argv.size());
  argv.push_back(nullptr);
  testcell::InitGoogleTest(&argc, argv.data());
  PrepareListeners();
  return RUN_ALL_TESTS();
}

}  // namespace testcell::cli
