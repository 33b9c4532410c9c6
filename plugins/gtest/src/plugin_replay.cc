// What the plugin gives back to GoogleTest: set-ups, tests and tear-downs that
// ran in cells, in GoogleTest's own order.
#include <cstdio>
#include <set>
#include <utility>

#include "plugin.h"
#include "private_access.h"
#include "testcell/internal/hooks.h"
#include "tool_report.h"

namespace testcell {
namespace internal {
namespace {

void RecordProperties(const PropertyList& properties) {
  for (const auto& property : properties) {
    ::testing::Test::RecordProperty(property.first, property.second);
  }
}

// GoogleTest keeps the last value of a key, and so does this.
void Merge(const PropertyList& from, PropertyList* into) {
  for (const auto& property : from) {
    bool known = false;
    for (auto& other : *into) {
      if (other.first != property.first) continue;
      other.second = property.second;
      known = true;
    }
    if (!known) into->push_back(property);
  }
}

// Tear-downs ran in every cell. What they printed is shown once, what failed
// is told wherever it failed, but the same failure only once.
void ReplayTearDowns(std::vector<Recording> recordings) {
  std::set<std::string> told;
  for (std::size_t i = recordings.size(); i > 0; --i) {
    Recording& recording = recordings[i - 1];
    const bool last = i == recordings.size();
    if (!last && !recording.failed) continue;
    Recording news;
    for (Event& event : recording.events) {
      if (event.kind == Event::Kind::kMessage) {
        if (!told.insert(event.message.payload).second) continue;
        news.failed = true;
      }
      news.Add(std::move(event));
    }
    if (last || news.failed) Replay(std::move(news));
  }
}

void ReportErrors(const std::vector<std::string>& errors, const std::string& file, int line) {
  for (const std::string& error : errors) {
    ReportPart(::testing::TestPartResult::kFatalFailure, file, line, "testcell: " + error);
  }
}

// Keeps the last recording, and every one that failed.
void Keep(Recording recording, std::vector<Recording>* recordings) {
  if (!recordings->empty() && !recordings->back().failed) recordings->pop_back();
  recordings->push_back(std::move(recording));
}

}  // namespace

// GoogleTest's events

void Plugin::OnTestSuiteEnd(const ::testing::TestSuite& suite) {
  SetAllowanceScope("");
  const auto isolated = by_suite_.find(&suite);
  if (isolated == by_suite_.end()) return;
  RecordProperties(isolated->second->properties);
  // Here the tests were only replayed, which takes no time.
  Milliseconds elapsed = 0;
  for (const ::testing::TestInfo* test : isolated->second->tests) {
    elapsed += test->result()->elapsed_time();
  }
  SetElapsedTime(*isolated->second->suite, elapsed);
}

void Plugin::OnTestIterationEnd() {
  RecordProperties(program_properties_);
  if (supervisor_ != nullptr && supervisor_->interrupted() != 0) {
    interrupted_ = supervisor_->interrupted();
  }
  if (supervisor_ != nullptr) {
    ReportErrors(supervisor_->Settle(), "", -1);
  }
  findings_.EndIteration(interrupted_ != 0);
  EndIteration();
}

void Plugin::OnListenerThrew() {
  if (told_of_throwing_listener_ || setup_.flags.listeners != Listeners::kParent) return;
  told_of_throwing_listener_ = true;
  std::fflush(stdout);
  std::fprintf(stderr,
               "testcell: warning: a listener threw from OnTestPartResult in the parent, where no "
               "test can end by it: the test went on in its cell; pass --testcell_listeners=both, "
               "or add the listener by testcell::AddCellListener\n");
}

// Environments

bool Plugin::ActsInThisProcess() {
  if (TestProcess::Current() != nullptr) return false;
  return suites_.empty() || in_process_tests_ || setup_.flags.environments_in_parent ||
         SuitesInParent();
}

void Plugin::BeforeSetUp() {
  if (TestProcess::Current() != nullptr || suites_.empty()) return;
  IsolatedSuite* const first = suites_.front().get();
  if (!first->forked) return;
  UnitReplay& replay = ReplayOf(by_test_[first->tests.front()]);
  Recording recording = replay.RecordPhase(Phase::kEnvironmentSetUp);
  environment_set_up_told_.clear();
  if (replay.AtEnd() && !replay.done() && !RunEndsAtFailure()) {
    first->failed_set_up = std::move(recording);
  } else {
    TellsNews(recording, &environment_set_up_told_);
    Replay(std::move(recording));
  }
}

void Plugin::AfterTearDown() {
  if (TestProcess::Current() != nullptr) streamer_->Finish();
  // No test was played: the set-up failed or skipped, and was shown where
  // GoogleTest ran it, which may be an iteration before this one.
  if (environment_tear_downs_.empty() && !suites_.empty() && suites_.front()->forked &&
      supervisor_->interrupted() == 0) {
    IsolatedSuite* const first = suites_.front().get();
    ReplayOf(by_test_[first->tests.front()]).RecordPhase(Phase::kEnvironmentSetUp);
    TakeUnplayed(first);
  }
  ReplayTearDowns(std::move(environment_tear_downs_));
  environment_tear_downs_.clear();
}

// Suites

void Plugin::SetUpSuite(::testing::TestSuite* suite) {
  IsolatedSuite* const isolated = by_suite_[suite];
  if (isolated->mode == Suites::kParent) {
    if (isolated->set_up != nullptr) isolated->set_up();
    if (!suite->ad_hoc_test_result().Failed() && !suite->ad_hoc_test_result().Skipped()) {
      Fork({isolated});
    }
    return;
  }
  UnitReplay& replay = ReplayOf(by_test_[isolated->tests.front()]);
  Recording environments = replay.RecordPhase(Phase::kEnvironmentSetUp);
  Recording recording = replay.RecordPhase(Phase::kSuiteSetUp);
  if ((TellsNews(environments, &environment_set_up_told_) || replay.AtEnd()) &&
      !RunEndsAtFailure()) {
    isolated->failed_set_up = std::move(environments);
    for (Event& event : recording.events) isolated->failed_set_up.Add(std::move(event));
  } else {
    TellsNews(recording, &isolated->set_up_told);
    Replay(std::move(recording));
  }
}

void Plugin::TearDownSuite(::testing::TestSuite* suite) {
  IsolatedSuite* const isolated = by_suite_[suite];
  if (isolated->mode == Suites::kParent) {
    if (isolated->tear_down != nullptr) isolated->tear_down();
    return;
  }
  TakeUnplayed(isolated);
  ReplayTearDowns(std::move(isolated->tear_downs));
  isolated->tear_downs.clear();
}

// After a set-up that failed or skipped GoogleTest passes over the tests, in the
// cell as here: the rest of the unit that played the set-up is still due.
void Plugin::TakeUnplayed(IsolatedSuite* suite) {
  const int unit = UnitOf(by_test_[suite->tests.front()]);
  const auto found = replays_.find(unit);
  if (found == replays_.end()) return;
  UnitReplay& replay = found->second;
  PlaySetUps(&replay, suite);
  // What the cell says of the tests that it passed over is said here, too.
  while (replay.At(Phase::kTest)) replay.RecordPhase(Phase::kTest);
  CellEnd end = EndUnit(&replay, suite);
  ReportErrors(replay.carry_errors(), "", -1);
  replays_.erase(found);
  findings_.AddUnplayed(suite->suite->name(), suite->options, &end);
  const Outcome& outcome = end.outcome;
  if (outcome.kind == OutcomeKind::kPassed || outcome.kind == OutcomeKind::kSkipped) return;
  ReportPart(::testing::TestPartResult::kFatalFailure, "", -1, "testcell: " + outcome.reason);
}

CellEnd Plugin::EndUnit(UnitReplay* replay, IsolatedSuite* suite) {
  TakeTearDowns(replay, suite);
  CellEnd end;
  end.outcome = replay->AwaitEnd();
  end.outcome.reason.insert(0, replay->where_ended());
  end.allowances = replay->allowances();
  end.leaks = replay->leaks();
  end.uses = replay->uses();
  end.not_listed = replay->not_listed();
  Merge(replay->suite_properties(), &suite->properties);
  Merge(replay->program_properties(), &program_properties_);
  return end;
}

// Tests

int Plugin::UnitOf(const TestPlace& place) const {
  return place.suite->mode == Suites::kShared ? place.suite->unit_in_use
                                              : place.suite->first_unit + place.index;
}

UnitReplay& Plugin::ReplayOf(const TestPlace& place) {
  const int unit = UnitOf(place);
  const auto [found, first] = replays_.try_emplace(unit, supervisor_.get(), unit);
  if (first && !setup_.flags.debug.empty()) supervisor_->Wake(unit);
  return found->second;
}

// Set-ups ran in every cell, and were shown where GoogleTest ran them first. What
// fails is told of the test in whose cell it did, but the same failure only once.
void Plugin::PlaySetUps(UnitReplay* replay, IsolatedSuite* suite) {
  Replay(std::move(suite->failed_set_up));
  suite->failed_set_up = Recording();
  const std::pair<Phase, std::set<std::string>*> set_ups[] = {
      {Phase::kEnvironmentSetUp, &environment_set_up_told_},
      {Phase::kSuiteSetUp, &suite->set_up_told}};
  for (const auto& [phase, told] : set_ups) {
    Recording recording = replay->RecordPhase(phase);
    if (TellsNews(recording, told) || replay->AtEnd()) Replay(std::move(recording));
  }
}

void Plugin::TakeTearDowns(UnitReplay* replay, IsolatedSuite* suite) {
  Recording recording = replay->RecordPhase(Phase::kSuiteTearDown);
  if (suite->tear_down != nullptr) {
    Keep(std::move(recording), &suite->tear_downs);
  } else {
    Replay(std::move(recording));
  }
  Recording environments = replay->RecordPhase(Phase::kEnvironmentTearDown);
  if (EnvironmentCount() > 0) Keep(std::move(environments), &environment_tear_downs_);
}

// The test process has the last word on its results: some may have been lost on
// their way, and tests of GoogleTest itself clear theirs.
void Plugin::MatchParts(::testing::TestInfo* test, int first, std::uint64_t played,
                        std::uint64_t counted) {
  if (counted > played) {
    ReportPart(::testing::TestPartResult::kFatalFailure, test->file(), test->line(),
               "testcell: " + std::to_string(counted - played) + " of " + std::to_string(counted) +
                   " results of this test were lost on their way from the cell");
  } else if (counted < played) {
    std::vector<::testing::TestPartResult>& parts = Parts(Mutable(*test->result()));
    const auto begin = parts.begin() + first;
    parts.erase(begin, begin + static_cast<std::ptrdiff_t>(played - counted));
  }
}

void Plugin::SayWhereItRuns(int unit) const {
  const int process = supervisor_->ProcessOf(unit);
  if (process == 0) return;
  std::fprintf(stderr, "testcell: %s is process %d; a debugger attaches to it by: gdb -p %d\n",
               setup_.flags.debug.c_str(), process, process);
}

void Plugin::PlayTest(::testing::TestInfo* test) {
  TestPlace& place = by_test_[test];
  PlaySetUps(&ReplayOf(place), place.suite);
  const FailedRuns before = PlayFailedRuns(*test, place);
  PlayLastRun(test, &place, before);
  NoteFailedRuns(*test, before);
}

void Plugin::PlayLastRun(::testing::TestInfo* test, TestPlace* of_test, const FailedRuns& before) {
  TestPlace& place = *of_test;
  IsolatedSuite* const suite = place.suite;
  const int unit = UnitOf(place);
  UnitReplay& replay = ReplayOf(place);
  if (!setup_.flags.debug.empty() && replay.At(Phase::kTest)) SayWhereItRuns(unit);
  const int index = suite->first_unit + place.index - unit;  // in the unit
  const int first_part = test->result()->total_part_count();
  place.ended = replay.PlayTest(static_cast<std::size_t>(index),
                                setup_.flags.output == Output::kFailed, &place.end);
  if (place.ended) {
    RecordProperties(place.end.properties);
    MatchParts(test, first_part, replay.parts_played(), place.end.parts);
  }
  const bool last =
      suite->mode != Suites::kShared || place.index + 1 == static_cast<int>(suite->tests.size());
  // Where tests share a cell, what it left at its end is its last test's.
  TestRun run{0, place.end.elapsed_ms, before.count, before.failed};
  if (suite->mode == Suites::kShared && place.ended) run.started_ms = place.end.start_timestamp_ms;
  if (place.ended && !last && !replay.AtEnd()) {
    findings_.AddTest(*test, suite->options, nullptr, run);
    KeepDuration(*test, std::chrono::milliseconds(place.end.elapsed_ms));
    return;
  }
  if (!place.ended) replay.AwaitEnd();
  CellEnd end = EndUnit(&replay, suite);
  findings_.Judge(suite->suite->name(), suite->options, &end);
  if (end.outcome.kind != OutcomeKind::kPassed || !replay.carry_errors().empty() ||
      findings_.IsFailure(suite->options, end)) {
    replay.ShowHeldOutput();
  }
  ReportOutcome(*test, end.outcome, place.ended);
  ReportErrors(replay.carry_errors(), test->file(), test->line());
  NoteArtifacts(before.artifacts, replay.artifacts());
  if (end.outcome.kind != OutcomeKind::kInterrupted && end.outcome.kind != OutcomeKind::kSkipped) {
    // All of a cell's time is its test's, with the set-ups, unless others were in it.
    const bool alone = run.started_ms == 0;
    KeepDuration(*test, alone ? end.outcome.wall : std::chrono::milliseconds(place.end.elapsed_ms));
  }
  findings_.AddTest(*test, suite->options, &end, run);
  replays_.erase(unit);
  if (!last) {  // the rest of the suite goes on in a cell of its own
    suite->unit_in_use = suite->first_unit + place.index + 1;
    supervisor_->Wake(suite->unit_in_use);
  }
  if (supervisor_->interrupted() != 0) LeaveOut(*test);
}

void Plugin::KeepDuration(const ::testing::TestInfo& test, std::chrono::microseconds took) {
  history_.Record(std::string(test.test_suite_name()) + "." + test.name(), took);
}

void Plugin::ReportOutcome(const ::testing::TestInfo& test, const Outcome& outcome, bool ended) {
  if (outcome.rung != Rung::kFull) {
    ::testing::Test::RecordProperty("testcell.rung", Name(outcome.rung));
  }
  if (outcome.kind == OutcomeKind::kSkipped) {  // for want of a part of its cell
    ReportPart(::testing::TestPartResult::kSkip, test.file(), test.line(),
               "testcell: skipped: " + outcome.reason);
    return;
  }
  if (outcome.kind == OutcomeKind::kPassed) {
    if (ended) return;
    ReportPart(::testing::TestPartResult::kFatalFailure, test.file(), test.line(),
               "testcell: GoogleTest did not come to this test in its cell");
    return;
  }
  std::string reason = outcome.reason;
  const std::string& report = ToolReport::Current().summary();
  if (!report.empty()) {
    reason = report + "; the whole report is in the test's output (" + reason + ")";
  } else if (outcome.kind == OutcomeKind::kFailed && outcome.exit_status == kLeakStatus) {
    reason = "LeakSanitizer found leaks (" + reason + ")";
  }
  ReportPart(::testing::TestPartResult::kFatalFailure, test.file(), test.line(),
             "testcell: " + reason);
  if (outcome.kind == OutcomeKind::kFailed) return;
  ::testing::Test::RecordProperty("testcell.outcome", Name(outcome.kind));
}

// After an interruption: tests that never ran are not shown as anything, those
// that did keep their verdicts.
void Plugin::LeaveOut(const ::testing::TestInfo& after) {
  if (interrupted_ != 0) return;
  interrupted_ = supervisor_->interrupted();
  int left_out = 0;
  bool passed = false;
  ::testing::UnitTest& unit_test = *::testing::UnitTest::GetInstance();
  for (int i = 0; ::testing::TestSuite* const suite = SuiteToRun(unit_test, i); ++i) {
    bool any = !passed;
    for (const int index : TestIndices(*suite)) {
      ::testing::TestInfo* const test = TestList(*suite)[static_cast<std::size_t>(index)];
      if (passed && test->should_run()) {
        const auto place = by_test_.find(test);
        const bool ran = place != by_test_.end() && place->second.suite->forked &&
                         supervisor_->EverRan(UnitOf(place->second));
        if (!ran) SetShouldRun(*test, false);
        left_out += ran ? 0 : 1;
        any = any || ran;
      }
      passed = passed || test == &after;
      any = any || test == &after;
    }
    if (!any) SetShouldRun(*suite, false);
  }
  std::fflush(stdout);
  std::fprintf(stderr, "testcell: interrupted; %d tests were not run\n", left_out);
}

}  // namespace internal
}  // namespace testcell
