// The runs of shards as one.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

// What most tests of one shard left may not be what most of all have left.
void PutBackRunWide(Run* run) {
  std::unordered_map<std::string, std::size_t> by_name;
  for (std::size_t i = 0; i < run->tests.size(); ++i) by_name[run->tests[i].FullName()] = i;
  for (const RunLeak& entry : run->leaks) {
    for (const std::string& name : entry.tests) {
      const auto test = by_name.find(name);
      if (test != by_name.end()) run->tests[test->second].leaks.push_back(entry.leak);
    }
  }
}

// Conflicts, to ask which of them has all the tests of another one.
class Index {
 public:
  explicit Index(const std::vector<Conflict>& conflicts) {
    for (std::size_t i = 0; i < conflicts.size(); ++i) {
      tests_.emplace_back(conflicts[i].tests.begin(), conflicts[i].tests.end());
      for (const std::string& test : conflicts[i].tests) by_test_[test].push_back(i);
    }
  }

  const std::vector<std::size_t>& With(const std::string& test) const {
    static const std::vector<std::size_t> kNone;
    const auto found = by_test_.find(test);
    return found == by_test_.end() ? kNone : found->second;
  }
  bool HasAll(std::size_t conflict, const std::vector<std::string>& tests) const {
    return std::all_of(tests.begin(), tests.end(),
                       [&](const std::string& test) { return tests_[conflict].count(test) > 0; });
  }

 private:
  std::vector<std::unordered_set<std::string>> tests_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_test_;
};

// What a shard knew and its report's uses don't tell: made-up names that were the
// same, and collisions shorter than a millisecond.
void KeepKnown(const std::vector<Conflict>& known, std::vector<Conflict>* conflicts) {
  const Index index(*conflicts);
  std::vector<Conflict> kept;
  for (const Conflict& conflict : known) {
    if (conflict.tests.empty()) continue;
    bool covered = false;
    for (const std::size_t place : index.With(conflict.tests.front())) {
      Conflict& candidate = (*conflicts)[place];
      if (candidate.kind != conflict.kind || !index.HasAll(place, conflict.tests)) continue;
      covered = true;
      if (candidate.name == conflict.name) candidate.real = candidate.real || conflict.real;
    }
    if (!covered) kept.push_back(conflict);
  }
  conflicts->insert(conflicts->end(), kept.begin(), kept.end());
}

}  // namespace

Run Merge(std::vector<Run> shards) {
  Recorder recorder;
  Recorder::End end;
  std::vector<Conflict> known;
  for (Run& shard : shards) {
    PutBackRunWide(&shard);
    end.jobs = std::max(end.jobs, shard.jobs);
    end.reuse = end.reuse || shard.reuse;
    std::chrono::microseconds shard_end = end.wall + shard.wall;
    for (Test& test : shard.tests) {
      test.start += end.wall;
      shard_end = std::max(shard_end, test.start + test.outcome.wall);
      recorder.Add(std::move(test));
    }
    end.wall = shard_end;
    for (const RunLeak& entry : shard.leaks) {
      if (!entry.suite.empty()) recorder.AddLeaks(entry.suite, {entry.leak});
    }
    for (const AllowanceCount& count : shard.allowances) recorder.Count(count);
    known.insert(known.end(), shard.conflicts.begin(), shard.conflicts.end());
  }
  Run run = recorder.Finish(end);
  KeepKnown(known, &run.conflicts);
  return run;
}

}  // namespace testcell::report
