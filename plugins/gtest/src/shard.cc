#include "shard.h"

#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

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

}  // namespace

std::string TakeShard(const Flags& flags) {
  // A test that is named runs, whichever shard it is in.
  if (!flags.shard_auto || !flags.debug.empty()) return std::string();
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
