// testcell's flags: --testcell_NAME=VALUE, else TESTCELL_NAME in the
// environment, else the program's own default.
#ifndef TESTCELL_GTEST_SRC_FLAGS_H_
#define TESTCELL_GTEST_SRC_FLAGS_H_

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "testcell/options.h"

namespace testcell {
namespace internal {

enum class Isolate { kAll, kMarked, kOff };
enum class Listeners { kParent, kCell, kBoth };
enum class Output { kImmediate, kFailed };

struct Flags {
  Isolate isolate = Isolate::kAll;
  int jobs = 0;  // 0: as many as processors
  std::chrono::milliseconds timeout = std::chrono::minutes(10);
  std::chrono::milliseconds slow = std::chrono::seconds(10);
  Output output = Output::kImmediate;
  bool environments_in_parent = false;
  Suites suites = Suites::kCell;
  Listeners listeners = Listeners::kParent;
  Tmp tmp = Tmp::kEmpty;
  Network net = Network::kPrivate;
  WorkingDirectory cwd = WorkingDirectory::kAuto;
  User user = User::kSelf;
  std::string serial;  // a filter; empty: matches nothing
};

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// Takes the flags out of argv. Empty, or what is wrong, as a sentence.
std::string ParseFlags(const NamedValues& defaults, int* argc, char** argv, Flags* flags);

// The text for --help.
std::string FlagsHelp();

// GoogleTest's filter syntax: patterns with * and ?, joined by ':', those
// after '-' taken away.
bool MatchesFilter(const std::string& filter, const std::string& name);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_FLAGS_H_
