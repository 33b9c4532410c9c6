// The flags of every program that makes cells: --testcell_NAME=VALUE, else
// TESTCELL_NAME in the environment, else the program's own default.
//
//   CellFlags flags;
//   FlagTable table = CellFlagTable(&flags);
//   table.push_back({"colour", "(red|blue)", "Which. [red]", MakeChoice(kColours, &colour)});
//   std::string error = ParseFlags(table, {}, &argc, argv);
//
// Between the framework and what is built on it, of one version only: nothing
// here is for users. Threads and forks: plain data, and functions that read
// the environment.
#ifndef TESTCELL_INTERNAL_FLAGS_H_
#define TESTCELL_INTERNAL_FLAGS_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "testcell/internal/supervisor.h"
#include "testcell/options.h"

namespace testcell {
namespace internal {

// What has the same meaning whatever runs in the cell.
struct CellFlags {
  int jobs = 0;  // 0: as many as processors
  std::chrono::milliseconds timeout = std::chrono::minutes(10);
  std::chrono::milliseconds slow = std::chrono::seconds(10);
  Tmp tmp = Tmp::kEmpty;
  Network net = Network::kPrivate;
  WorkingDirectory cwd = WorkingDirectory::kAuto;
  User user = User::kSelf;
  std::vector<std::string> carry;
  Fallback fallback = Fallback::kNone;
};

enum class ConflictPolicy { kOff, kReport, kFail };

struct ReportFile {
  enum class Format { kJson, kHtml };
  Format format = Format::kJson;
  std::string path;  // absolute
};

// What is looked for beside a verdict, and who is told.
struct FindingFlags {
  Leaks leaks = Leaks::kReport;
  Uses uses = Uses::kDefault;
  ConflictPolicy conflicts = ConflictPolicy::kReport;
  std::vector<ReportFile> reports;
};

struct Flag {
  const char* name;
  const char* values;  // as in --help and in errors
  std::string help;
  std::function<bool(const std::string& text)> parse;  // false: no value for it
};
using FlagTable = std::vector<Flag>;

// They write to *flags, which has to outlive the table; what it holds now is
// said to be the default.
FlagTable CellFlagTable(CellFlags* flags);
FlagTable FindingFlagTable(FindingFlags* flags);

// Empty, or why what they ask for is not allowed: TESTCELL_MUST_ISOLATE=1 in the
// environment forbids every fallback.
std::string CheckFallback(const CellFlags& flags);

// What the flags leave open comes with its default: notices go to stderr.
RunSettings MakeRunSettings(const CellFlags& flags);

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// Takes the flags out of argv, which may be null. Empty, or what is wrong, as
// a sentence. `defaults` are those of testcell::SetDefault.
std::string ParseFlags(const FlagTable& table, const NamedValues& defaults, int* argc, char** argv);
// The environment's part of it alone.
std::string ParseEnvironmentFlags(const FlagTable& table);
// One value; `spelled`: the setting as the user wrote its name.
std::string SetFlag(const FlagTable& table, const std::string& spelled, const std::string& name,
                    const std::string& value);

// The list for --help, two lines or more a flag.
std::string DescribeFlags(const FlagTable& table);

// Patterns of files to carry back (Options::carry), with commas between.
bool ParsePatterns(const std::string& text, std::vector<std::string>* patterns);

// "12"; at most six digits.
bool ParseCount(const std::string& text, int* value);
// "500ms", "30s", "2m", "1h"; "0" needs no unit.
bool ParseDuration(const std::string& text, std::chrono::milliseconds* value);

// A path is taken from here, whoever changes directory later on; it may be empty.
bool ParsePath(const std::string& text, std::string* path);

// "json:PATH,html:PATH"; a path is taken from here, whoever changes directory
// later on.
bool ParseReports(const std::string& text, std::vector<ReportFile>* reports);

// A flag of a fixed set of values: the array has to outlive the table.
template <typename T>
struct Choice {
  const char* name;
  T value;
};

template <typename T, std::size_t kCount>
std::function<bool(const std::string&)> MakeChoice(const Choice<T> (&choices)[kCount], T* value) {
  const Choice<T>* const begin = choices;
  return [begin, value](const std::string& text) {
    for (const Choice<T>* choice = begin; choice != begin + kCount; ++choice) {
      if (text != choice->name) continue;
      *value = choice->value;
      return true;
    }
    return false;
  };
}

// GoogleTest's filter syntax: patterns with * and ?, joined by ':', those
// after '-' taken away.
bool MatchesFilter(const std::string& filter, const std::string& name);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_FLAGS_H_
