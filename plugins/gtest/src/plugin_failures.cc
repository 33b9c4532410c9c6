// Tests that fail: how often they are run again, and what is kept of them.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "plugin.h"

namespace testcell {
namespace internal {

int Plugin::RetriesOf(const IsolatedSuite& suite) const {
  if (!setup_.flags.debug.empty()) return 0;  // it is shown while it runs
  return suite.options.retries.value_or(setup_.flags.retries);
}

std::string Plugin::LeakFailure(int unit, const CellEnd& end) const {
  const ::testing::TestSuite* const suite = units_[static_cast<std::size_t>(unit)].suite;
  return findings_.LeakFailure(suite->name(), by_suite_.at(suite)->options, end);
}

FailedRuns Plugin::PlayFailedRuns(const ::testing::TestInfo& test, const TestPlace& place) {
  FailedRuns played;
  const int retries = RetriesOf(*place.suite);
  if (retries == 0) return played;
  const int unit = UnitOf(place);
  const auto runs = failed_runs_.try_emplace(unit);
  if (runs.second) {
    const std::size_t tests = units_[static_cast<std::size_t>(unit)].tests.size();
    for (std::vector<Event>& events : supervisor_->TakeFailedRuns(unit)) {
      runs.first->second.push_back(DivideRun(std::move(events), tests));
    }
  }
  const int index = place.suite->first_unit + place.index - unit;
  for (std::vector<FailedRun>& by_test : runs.first->second) {
    FailedRun& run = by_test[static_cast<std::size_t>(index)];
    const Outcome& outcome = run.end.outcome;
    run.message = outcome.kind == OutcomeKind::kPassed ? LeakFailure(unit, run.end)
                                                       : "testcell: " + outcome.reason;
    run.failed = run.failed || !run.message.empty();
    PlayFailedRun(test, std::move(run), retries + 1, &played);
  }
  return played;
}

void Plugin::NoteFailedRuns(const ::testing::TestInfo& test, const FailedRuns& runs) {
  if (!runs.failed) return;
  const bool flaky = !::testing::Test::HasFailure();
  ::testing::Test::RecordProperty("testcell.attempts", std::to_string(runs.count + 1));
  ::testing::Test::RecordProperty("testcell.flaky", flaky ? "true" : "false");
  xml_entries_.push_back({test.test_suite_name(), test.name(), flaky, runs.messages, runs.texts});
}

std::string Plugin::TestName(int unit, std::size_t index) const {
  const std::vector<::testing::TestInfo*>& tests = units_[static_cast<std::size_t>(unit)].tests;
  const ::testing::TestInfo& test = *tests[index < tests.size() ? index : 0];
  return std::string(test.test_suite_name()) + "." + test.name();
}

void Plugin::PrepareForFailures(RunSettings* settings) {
  if (!setup_.flags.debug.empty()) return;
  settings->keep = setup_.flags.keep_failed;
  settings->artifacts = setup_.flags.artifacts;
  if (settings->keep || !settings->artifacts.empty()) settings->judge = &judge_;
}

void Plugin::NoteArtifacts(std::vector<std::string> paths, const std::string& last) {
  if (!last.empty()) paths.push_back(last);
  if (paths.empty()) return;
  std::string list;
  for (const std::string& path : paths) list += (list.empty() ? "" : ",") + path;
  ::testing::Test::RecordProperty("testcell.artifacts", list);
  artifacts_.insert(paths.begin(), paths.end());
}

void Plugin::TellOfArtifacts() const {
  if (artifacts_.empty()) return;
  std::cout.flush();
  std::printf("[ testcell ] what failed tests have left is in %s (%zu)\n",
              setup_.flags.artifacts.c_str(), artifacts_.size());
  std::fflush(stdout);
}

// After the summary, so that its last lines say what to do.
void Plugin::AwaitRelease() {
  if (keeper_ == nullptr) return;
  std::cout.flush();
  const std::vector<KeptCell> cells = keeper_->Kept();
  for (const KeptCell& cell : cells) {
    std::printf("[   KEPT   ] %s: testcell enter %d\n", cell.test.c_str(), cell.id);
  }
  if (keeper_->not_kept() > 0) {
    std::printf("[ testcell ] %d more cells of failed tests are not kept\n", keeper_->not_kept());
  }
  const bool terminal = ::isatty(STDIN_FILENO) != 0 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
  const std::string how = terminal ? "Enter or Ctrl-C" : "kill " + std::to_string(::getpid());
  std::printf("[ testcell ] %zu cell%s kept until this run ends, by %s\n", cells.size(),
              cells.size() == 1 ? " is" : "s are", how.c_str());
  std::fflush(stdout);
  keeper_->AwaitRelease(terminal ? STDIN_FILENO : -1);
  keeper_.reset();
}

}  // namespace internal
}  // namespace testcell
