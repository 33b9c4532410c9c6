// What runs where: tests in cells or in this process, and each suite's plan.
#include <utility>

#include "plugin.h"
#include "private_access.h"
#include "streamer.h"
#include "testcell/internal/fixture.h"
#include "unseen_suites.h"

namespace testcell {
namespace internal {
namespace {

std::string FullName(const ::testing::TestInfo& test) {
  return std::string(test.test_suite_name()) + "." + test.name();
}

}  // namespace

bool Plugin::AddSuite(::testing::TestSuite* suite) {
  auto isolated = std::make_unique<IsolatedSuite>();
  isolated->suite = suite;
  const std::vector<::testing::TestInfo*> sorted = SortedTests(*suite);
  for (const int index : TestIndices(*suite)) {
    ::testing::TestInfo* const test = sorted[static_cast<std::size_t>(index)];
    if (test->should_run()) isolated->tests.push_back(test);
  }
  if (isolated->tests.empty()) return false;
  // The suite's fixture is that of its first test, selected or not, as for
  // GoogleTest, which fails the tests that have another.
  const FixtureRecord* const fixture = FindFixture(*sorted.front());
  const bool marked = fixture != nullptr && fixture->marked;
  if (setup_.flags.isolate == Isolate::kMarked && !marked) return true;
  isolated->marked = marked;
  isolated->own_options = fixture != nullptr && fixture->options != nullptr;
  isolated->options = isolated->own_options ? fixture->options() : setup_.default_options;
  isolated->mode = isolated->options.suites.value_or(setup_.flags.suites);
  suites_.push_back(std::move(isolated));
  return false;
}

void Plugin::SelectTests() {
  ::testing::UnitTest& unit_test = *::testing::UnitTest::GetInstance();
  for (int i = 0; ::testing::TestSuite* const suite = SuiteToRun(unit_test, i); ++i) {
    if (suite->should_run() && AddSuite(suite)) in_process_tests_ = true;
  }
  for (const auto& suite : suites_) {
    by_suite_[suite->suite] = suite.get();
    int index = 0;
    for (const ::testing::TestInfo* test : suite->tests) {
      TestPlace& place = by_test_[test];
      place.suite = suite.get();
      place.index = index++;
    }
  }
}

bool Plugin::SuitesInParent() const {
  for (const auto& suite : suites_) {
    if (suite->mode == Suites::kParent) return true;
  }
  return false;
}

void Plugin::PlanSuites() {
  int default_plan = -1;
  for (const auto& suite : suites_) {
    // A fixture that asks for cells is not to run without.
    const bool needs_cell = suite->marked && setup_.flags.fallback == Fallback::kFork;
    const bool own = suite->own_options || needs_cell;
    if (!own && default_plan >= 0) {
      suite->plan = default_plan;
      continue;
    }
    std::string error;
    Options options = suite->options;
    for (const std::string& path : CoverageDirectories()) options.shared.push_back(path);
    if (needs_cell) options.needs.push_back(Part::kProcesses);
    suite->plan = supervisor_->AddPlan(options, &error);
    if (suite->plan < 0) {
      RefuseToRun((own ? "the CellOptions() of " + std::string(suite->suite->name()) + ": " : "") +
                  error);
    }
    if (!own) default_plan = suite->plan;
  }
  findings_.SetIsolation(supervisor_->jobs(), supervisor_->missing());
}

UnitSpec Plugin::MakeSpec(const IsolatedSuite& suite, std::size_t test) const {
  UnitSpec spec;
  spec.name = FullName(*suite.tests[test]);
  spec.plan = suite.plan;
  const bool debug = !setup_.flags.debug.empty();
  if (!debug) spec.time_limit = suite.options.time_limit.value_or(setup_.flags.timeout);
  spec.exclusive = suite.options.exclusive;
  const std::size_t last = suite.mode == Suites::kShared ? suite.tests.size() - 1 : test;
  for (std::size_t i = test; i <= last; ++i) {
    spec.serial = spec.serial || MatchesFilter(setup_.flags.serial, FullName(*suite.tests[i]));
    spec.expected += history_.Expected(FullName(*suite.tests[i]));
  }
  spec.tests = static_cast<int>(last - test) + 1;
  spec.retries = RetriesOf(suite);
  // What goes to the terminal by itself is to come after GoogleTest's own lines.
  spec.dormant = debug || (suite.mode == Suites::kShared && test > 0);
  return spec;
}

}  // namespace internal
}  // namespace testcell
