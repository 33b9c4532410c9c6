// The plugin's flags: those of every cell, and what GoogleTest adds to them.
#ifndef TESTCELL_GTEST_SRC_FLAGS_H_
#define TESTCELL_GTEST_SRC_FLAGS_H_

#include <string>

#include "testcell/internal/flags.h"
#include "testcell/options.h"

namespace testcell {
namespace internal {

enum class Isolate { kAll, kMarked, kOff };
enum class Listeners { kParent, kCell, kBoth };
enum class Output { kImmediate, kFailed };

struct Flags : CellFlags, FindingFlags {
  Isolate isolate = Isolate::kAll;
  Output output = Output::kImmediate;
  bool environments_in_parent = false;
  Suites suites = Suites::kCell;
  Listeners listeners = Listeners::kParent;
  std::string serial;   // a filter; empty: matches nothing
  std::string debug;    // the one test to run, in the foreground; empty: none
  std::string explain;  // the one test to look into; empty: none
  std::string history;  // an absolute path; empty: none
  int retries = 0;
  Reuse reuse = Reuse::kNever;
  bool keep_failed = false;  // their cells
  std::string artifacts;     // a directory, absolute; empty: none
  std::string balance;       // SHA-256 of the history that divides the shards; empty: it does not
  bool shard_auto = false;
};

FlagTable PluginFlagTable(Flags* flags);

// The text for --help.
std::string FlagsHelp();

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_FLAGS_H_
