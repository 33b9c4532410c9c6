#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "report/families.h"
#include "report/run_wide.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

// The worse, the greater.
int Badness(OutcomeKind kind) {
  switch (kind) {
    case OutcomeKind::kPassed:
    case OutcomeKind::kSkipped:
      return 0;
    case OutcomeKind::kInterrupted:
      return 1;
    case OutcomeKind::kFailed:
      return 2;
    case OutcomeKind::kTimedOut:
    case OutcomeKind::kCrashed:
      return 3;
    case OutcomeKind::kSetupFailed:
      return 4;
  }
  return 0;
}

void AddNewLeaks(std::vector<Leak> from, std::vector<Leak>* into) {
  std::set<std::pair<LeakKind, std::string>> known;
  for (const Leak& leak : *into) known.emplace(leak.kind, Alike(leak.what));
  for (Leak& leak : from) {
    if (known.count({leak.kind, Alike(leak.what)}) == 0) into->push_back(std::move(leak));
  }
}

void AddNewUses(std::vector<Use> from, std::vector<Use>* into) {
  const auto key = [](const Use& use) {
    return std::make_tuple(use.kind, use.name, use.by, use.only_read, use.shared);
  };
  std::set<decltype(key(Use()))> known;
  for (const Use& use : *into) known.insert(key(use));
  for (Use& use : from) {
    if (known.insert(key(use)).second) into->push_back(std::move(use));
  }
}

// A test that ran again.
void Merge(Test again, Test* test) {
  const int before = Badness(test->outcome.kind);
  const int now = Badness(again.outcome.kind);
  test->attempts += again.attempts;
  test->flaky = test->flaky || again.flaky || (before == 0) != (now == 0);
  AddNewLeaks(std::move(again.leaks), &test->leaks);
  AddNewUses(std::move(again.uses), &test->uses);
  test->not_listed = std::max(test->not_listed, again.not_listed);
  if (now < before) return;
  test->outcome = std::move(again.outcome);
  test->start = again.start;
}

// Where tests share a set-up, what it uses is said once.
std::vector<SharedUse> FindSharedUses(const std::vector<Test>& tests) {
  std::map<std::tuple<std::string, UseKind, std::string>, SharedUse> shared;
  for (const Test& test : tests) {
    std::set<std::tuple<std::string, UseKind, std::string>> of_test;
    for (const Use& use : test.uses) {
      if (use.by == UsedBy::kTest || use.made_up) continue;
      const std::string suite = use.by == UsedBy::kSuiteSetUp ? test.suite : std::string();
      const auto key = std::make_tuple(suite, use.kind, use.name);
      if (!of_test.insert(key).second) continue;
      SharedUse& entry = shared[key];
      entry.use = use;
      entry.suite = suite;
      ++entry.tests;
    }
  }
  std::vector<SharedUse> result;
  result.reserve(shared.size());
  for (auto& [key, entry] : shared) result.push_back(std::move(entry));
  return result;
}

// One entry where the program and tests have said the same.
std::vector<AllowanceCount> Combine(const std::vector<AllowanceCount>& counts) {
  std::map<std::tuple<LeakKind, std::string, std::string>, std::size_t> known;
  std::vector<AllowanceCount> result;
  for (const AllowanceCount& count : counts) {
    const Allowance& allowance = count.allowance;
    const auto [entry, is_new] =
        known.try_emplace({allowance.kind, allowance.pattern, allowance.reason}, result.size());
    if (is_new) {
      result.push_back(count);
      continue;
    }
    AllowanceCount& first = result[entry->second];
    const std::int64_t matched = std::int64_t{first.matched} + count.matched;
    first.matched = static_cast<int>(std::min<std::int64_t>(matched, INT32_MAX));
    first.by_test = first.by_test && count.by_test;
  }
  return result;
}

}  // namespace

void Recorder::Add(Test test) {
  const auto [entry, is_new] = by_name_.try_emplace(test.FullName(), tests_.size());
  if (is_new) {
    tests_.push_back(std::move(test));
  } else {
    Merge(std::move(test), &tests_[entry->second]);
  }
}

void Recorder::AddLeaks(const std::string& suite, std::vector<Leak> leaks) {
  for (Leak& leak : leaks) {
    const bool known = std::any_of(leaks_.begin(), leaks_.end(), [&](const RunLeak& other) {
      return other.suite == suite && other.leak.kind == leak.kind &&
             Alike(other.leak.what) == Alike(leak.what);
    });
    if (known) continue;
    RunLeak entry;
    entry.leak = std::move(leak);
    entry.suite = suite;
    leaks_.push_back(std::move(entry));
  }
}

Run Recorder::Finish(const End& end) const {
  Run run;
  run.jobs = end.jobs;
  run.wall = end.wall;
  run.left_out = end.left_out;
  run.missing = end.missing;
  run.reuse = end.reuse;
  run.tests = tests_;
  run.allowances = Combine(allowances_);
  const Families families = FindFamilies(run.tests);
  MarkMadeUp(families, &run.tests);
  run.shared_uses = FindSharedUses(run.tests);
  // Before the leaks of most tests are taken out of them: an escape is both.
  if (end.conflicts) {
    run.conflicts = FindConflicts(run.tests);
    run.conflicts_apart = FindConflicts(run.tests, Processes::kOneATest);
  }
  run.leaks = TakeRunWide(families, &run.tests);
  run.leaks.insert(run.leaks.end(), leaks_.begin(), leaks_.end());
  return run;
}

int CountReused(const Run& run) {
  return static_cast<int>(std::count_if(run.tests.begin(), run.tests.end(),
                                        [](const Test& test) { return test.outcome.reused; }));
}

const char* Isolation(const Run& run) {
  const char* isolation = "off";
  Rung lowest = Rung::kFull;
  for (const Test& test : run.tests) {
    if (test.in_process) continue;
    lowest = std::max(lowest, test.outcome.rung);
    isolation = Name(lowest);
  }
  return isolation;
}

}  // namespace testcell::report
