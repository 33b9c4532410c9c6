#include "testcell/internal/shard.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace testcell::internal {
namespace {

// How an engine says which of how many shards a program is. A test holds
// framework/docs/shards.md against this table.
struct Engine {
  const char* name;
  const char* index;
  const char* count;
  int first = 0;         // the least index
  bool decides = false;  // whatever other engines say: it is about test programs
  // Of an array of jobs whose ids need not begin with 0 nor follow each other.
  const char* minimum = nullptr;
  const char* maximum = nullptr;
  const char* step = nullptr;
  const char* status_file = nullptr;
  const char* hint = "";  // where the count is to be had from
};

// Those that decide come first.
constexpr Engine kEngines[] = {
    {.name = "GoogleTest",
     .index = "GTEST_SHARD_INDEX",
     .count = "GTEST_TOTAL_SHARDS",
     .decides = true},
    {.name = "Bazel",
     .index = "TEST_SHARD_INDEX",
     .count = "TEST_TOTAL_SHARDS",
     .decides = true,
     .status_file = "TEST_SHARD_STATUS_FILE"},
    {.name = "Buildkite",
     .index = "BUILDKITE_PARALLEL_JOB",
     .count = "BUILDKITE_PARALLEL_JOB_COUNT"},
    {.name = "CircleCI", .index = "CIRCLE_NODE_INDEX", .count = "CIRCLE_NODE_TOTAL"},
    {.name = "GitLab CI", .index = "CI_NODE_INDEX", .count = "CI_NODE_TOTAL", .first = 1},
    {.name = "Kubernetes",
     .index = "JOB_COMPLETION_INDEX",
     .count = "JOB_COMPLETION_TOTAL",
     .hint = " in the pod's template to the Job's .spec.completions, which Kubernetes does not "
             "tell its pods"},
    {.name = "Slurm",
     .index = "SLURM_ARRAY_TASK_ID",
     .count = "SLURM_ARRAY_TASK_COUNT",
     .minimum = "SLURM_ARRAY_TASK_MIN",
     .maximum = "SLURM_ARRAY_TASK_MAX",
     .step = "SLURM_ARRAY_TASK_STEP"},
};

// Digits alone, so that it fits an int.
std::optional<std::int64_t> Number(const std::string& text) {
  constexpr std::size_t kMostDigits = 9;
  if (text.empty() || text.size() > kMostDigits ||
      text.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoll(text);
}

// What one engine's variables say.
class Reader {
 public:
  Reader(const Engine& engine, const std::function<const char*(const char*)>& variable)
      : engine_(engine), variable_(variable) {}

  // Without an engine's name: it did not start this program, or not as a shard.
  FoundShard Read() {
    const std::string index = Text(engine_.index);
    const std::string count = Text(engine_.count);
    if (engine_.status_file != nullptr) found_.status_file = Text(engine_.status_file);
    if (index.empty() && (count.empty() || count == "1")) return found_;
    found_.engine = engine_.name;
    found_.said = Said();
    if (index.empty()) return Wrong(fmt::format("{} is not set", engine_.index));
    if (count.empty()) {
      return Wrong(fmt::format("the number of shards is missing: set {}{}", engine_.count,
                               *engine_.hint != '\0' ? engine_.hint : " to it"));
    }
    const auto shards = Number(count);
    if (!shards || *shards < 1) {
      return Wrong(fmt::format("{} is no number of shards", engine_.count));
    }
    const auto place = engine_.minimum == nullptr ? PlaceInRange() : PlaceInArray(*shards);
    if (!found_.error.empty()) return found_;
    if (!place || *place < 0 || *place >= *shards) {
      return Wrong(
          fmt::format("there is no such shard{}",
                      engine_.minimum == nullptr
                          ? fmt::format(": {} counts from {}", engine_.index, engine_.first)
                          : ""));
    }
    found_.index = static_cast<int>(*place);
    found_.count = static_cast<int>(*shards);
    return found_;
  }

 private:
  std::string Text(const char* name) const {
    const char* const value = name == nullptr ? nullptr : variable_(name);
    return value == nullptr ? "" : value;
  }

  std::string Said() const {
    std::string said;
    for (const char* name :
         {engine_.index, engine_.minimum, engine_.maximum, engine_.step, engine_.count}) {
      const std::string text = Text(name);
      if (!text.empty()) said += fmt::format("{}{}={}", said.empty() ? "" : ", ", name, text);
    }
    return said;
  }

  FoundShard Wrong(const std::string& what) {
    found_.error = fmt::format("{} ({}): {}", found_.said, engine_.name, what);
    return found_;
  }

  std::optional<std::int64_t> PlaceInRange() const {
    const auto index = Number(Text(engine_.index));
    if (!index) return std::nullopt;
    return *index - engine_.first;
  }

  // A list of ids without a rule has no step: there nobody knows a task's place.
  std::optional<std::int64_t> PlaceInArray(std::int64_t count) {
    const auto id = Number(Text(engine_.index));
    const auto minimum = Number(Text(engine_.minimum));
    const auto maximum = Number(Text(engine_.maximum));
    const auto step = count == 1 ? 1 : Number(Text(engine_.step));
    if (!id || !minimum || !maximum || !step || *step < 1 ||
        *minimum + (count - 1) * *step != *maximum || (*id - *minimum) % *step != 0) {
      Wrong("the array's ids are not evenly spaced, so that this one's place is not known");
      return std::nullopt;
    }
    return (*id - *minimum) / *step;
  }

  const Engine& engine_;
  const std::function<const char*(const char*)>& variable_;
  FoundShard found_;
};

}  // namespace

FoundShard FindShard(const std::function<const char*(const char*)>& variable) {
  FoundShard chosen;
  bool decided = false;
  std::string status_file;
  for (const Engine& engine : kEngines) {
    FoundShard found = Reader(engine, variable).Read();
    if (!found.status_file.empty()) status_file = found.status_file;
    if (found.engine.empty() || decided) continue;
    if (!found.error.empty()) return found;
    const bool same = found.index == chosen.index && found.count == chosen.count;
    if (chosen.count > 1 && found.count > 1 && !same) {
      chosen.error = fmt::format(
          "two engines name different shards: {} ({}) and {} ({}); GTEST_TOTAL_SHARDS and "
          "GTEST_SHARD_INDEX would decide",
          chosen.said, chosen.engine, found.said, found.engine);
      return chosen;
    }
    // One that runs a single job, as most do by default, divides nothing.
    if (chosen.engine.empty() || found.count > chosen.count) chosen = std::move(found);
    decided = engine.decides;
  }
  chosen.status_file = status_file;
  return chosen;
}

}  // namespace testcell::internal
