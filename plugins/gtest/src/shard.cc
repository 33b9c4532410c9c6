#include "shard.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "gtest_flags.h"
#include "private_access.h"
#include "testcell/internal/history.h"
#include "testcell/internal/shard.h"

namespace testcell {
namespace internal {
namespace {

struct Replaced {
  std::string name;
  bool was_set = false;
  std::string value;
};

std::vector<Replaced>& ReplacedVariables() {
  static auto* variables = new std::vector<Replaced>;
  return *variables;
}

void ReplaceVariable(const char* name, const std::string& value) {
  const char* const before = std::getenv(name);
  ReplacedVariables().push_back({name, before != nullptr, before == nullptr ? "" : before});
  ::setenv(name, value.c_str(), 1);
}

// What divides the tests; null: GoogleTest does.
History*& DividingHistory() {
  static History* history = nullptr;
  return history;
}

// GoogleTest has the variable checked before it selects tests.
int VariableNumber(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? 0 : std::atoi(value);
}

std::string ReadEngine() {
  const FoundShard found = FindShard([](const char* name) { return std::getenv(name); });
  if (!found.error.empty()) return "--testcell_shard=auto: " + found.error;
  const char* const status_file = std::getenv("GTEST_SHARD_STATUS_FILE");
  if (!found.status_file.empty() && (status_file == nullptr || *status_file == '\0')) {
    ReplaceVariable("GTEST_SHARD_STATUS_FILE", found.status_file);
  }
  if (found.engine.empty()) {
    std::fprintf(stderr,
                 "testcell: there is no engine of shards in the environment: all tests "
                 "are in this one\n");
    return std::string();
  }
  ReplaceVariable("GTEST_TOTAL_SHARDS", std::to_string(found.count));
  ReplaceVariable("GTEST_SHARD_INDEX", std::to_string(found.index));
  std::fprintf(stderr, "testcell: shard %d of %d, as %s says: %s\n", found.index + 1, found.count,
               found.engine.c_str(), found.said.c_str());
  return std::string();
}

// All shards have to divide alike, or a test runs twice or nowhere, and what files
// others have nobody knows here: hence the digest, which all are given.
std::string PrepareDivision(const Flags& flags) {
  const bool sharded = VariableNumber("GTEST_TOTAL_SHARDS") > 1;
  if (flags.balance.empty()) {
    if (sharded && !flags.history.empty()) {
      std::fprintf(stderr,
                   "testcell: the shards are GoogleTest's own: the history divides them with "
                   "--testcell_balance=SHA256 only, as another shard may have another file\n");
    }
    return std::string();
  }
  if (flags.history.empty()) return "--testcell_balance needs --testcell_history";
  auto history = std::make_unique<History>();
  std::string error = history->LoadFixed(flags.history, flags.balance);
  if (error.empty() && sharded) DividingHistory() = history.release();
  return error;
}

}  // namespace

std::string TakeShard(const Flags& flags) {
  static bool taken = false;
  // A test that is named runs, whichever shard it is in.
  if (taken || !flags.debug.empty()) return std::string();
  taken = true;
  std::string error = flags.shard_auto ? ReadEngine() : std::string();
  return error.empty() ? PrepareDivision(flags) : error;
}

void DivideTests() {
  if (DividingHistory() == nullptr) return;
  const int shard = VariableNumber("GTEST_SHARD_INDEX");
  std::vector<::testing::TestInfo*> runnable;
  std::vector<TimedTest> timed;
  ::testing::UnitTest& unit_test = *::testing::UnitTest::GetInstance();
  for (int i = 0; ::testing::TestSuite* const suite = SuiteToRun(unit_test, i); ++i) {
    SetShouldRun(*suite, false);
    for (::testing::TestInfo* test : TestList(*suite)) {
      // What does not run is reported by the shard that GoogleTest has chosen.
      if (IsDisabled(*test) && !TESTCELL_GTEST_GET(also_run_disabled_tests)) continue;
      const bool elsewhere = test->is_in_another_shard();
      SetInAnotherShard(*test, false);
      const bool wanted = test->is_reportable();  // by the filter alone, now
      SetInAnotherShard(*test, elsewhere);
      if (!wanted) continue;
      const std::string name = std::string(test->test_suite_name()) + "." + test->name();
      runnable.push_back(test);
      timed.push_back({name, DividingHistory()->Expected(name)});
    }
  }
  const std::vector<int> shard_of = DivideEvenly(timed, VariableNumber("GTEST_TOTAL_SHARDS"));
  int tests = 0;
  for (std::size_t i = 0; i < runnable.size(); ++i) {
    const bool here = shard_of[i] == shard;
    SetInAnotherShard(*runnable[i], !here);
    SetShouldRun(*runnable[i], here);
    tests += here ? 1 : 0;
  }
  for (int i = 0; ::testing::TestSuite* const suite = SuiteToRun(unit_test, i); ++i) {
    for (const ::testing::TestInfo* test : TestList(*suite)) {
      if (test->should_run()) SetShouldRun(*suite, true);
    }
  }
  std::fprintf(stderr, "testcell: by the history %d of %d tests are in this shard\n", tests,
               static_cast<int>(runnable.size()));
}

void GiveBackShard() {
  for (const Replaced& variable : ReplacedVariables()) {
    if (variable.was_set) {
      ::setenv(variable.name.c_str(), variable.value.c_str(), 1);
    } else {
      ::unsetenv(variable.name.c_str());
    }
  }
}

}  // namespace internal
}  // namespace testcell
