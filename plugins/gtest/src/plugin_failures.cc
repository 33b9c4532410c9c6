// Tests that fail: how often they are run again, and what is kept of them.
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <system_error>
#include <utility>

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

void Plugin::PrepareArtifacts(RunSettings* settings) {
  const std::string& directory = setup_.flags.artifacts;
  if (directory.empty() || !setup_.flags.debug.empty()) return;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) {
    RefuseToRun("--testcell_artifacts: cannot make " + directory + ": " + error.message());
  }
  settings->artifacts = directory;
  settings->judge = &judge_;
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

}  // namespace internal
}  // namespace testcell
