#include "findings.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <utility>

#include "private_access.h"
#include "testcell/internal/hooks.h"
#include "unit_replay.h"

namespace testcell {
namespace internal {
namespace {

std::int64_t EpochMilliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// What CMake's gtest_discover_tests makes of the list of tests: types and values in
// place of their numbers.
std::string CTestName(const ::testing::TestInfo& test) {
  constexpr char kDisabled[] = "DISABLED_";
  const auto enabled = [&](std::string name) {
    return name.rfind(kDisabled, 0) == 0 ? name.substr(sizeof kDisabled - 1) : name;
  };
  std::string suite = test.test_suite_name();
  std::string name = test.name();
  const std::size_t slash = name.rfind('/');
  if (test.value_param() != nullptr && slash != std::string::npos &&
      name.find_first_not_of("0123456789", slash + 1) == std::string::npos) {
    name = name.substr(0, slash + 1) + test.value_param();
  }
  if (test.type_param() == nullptr) return enabled(suite) + "." + enabled(name);
  return enabled(suite.substr(0, suite.find('/'))) + "." + enabled(name) + "<" + test.type_param() +
         ">";
}

report::Test MakeRecord(const ::testing::TestInfo& test) {
  report::Test record;
  record.suite = test.test_suite_name();
  record.name = test.name();
  record.ctest_name = CTestName(test);
  return record;
}

// Empty where all of them are allowed.
std::string LeakText(const std::vector<Leak>& leaks) {
  const std::string text = report::Paragraph(leaks);
  return text.empty() ? text : "testcell: left behind in the cell:" + text;
}

void FailForLeaks(const ::testing::TestInfo* test, const std::vector<Leak>& leaks) {
  const std::string text = LeakText(leaks);
  if (text.empty()) return;
  ReportPart(::testing::TestPartResult::kNonFatalFailure, test == nullptr ? "" : test->file(),
             test == nullptr ? -1 : test->line(), text);
}

void DropState(std::vector<Leak>* leaks) {
  const auto is_state = [](const Leak& leak) { return leak.kind == LeakKind::kState; };
  leaks->erase(std::remove_if(leaks->begin(), leaks->end(), is_state), leaks->end());
}

bool Fails(Leaks policy) { return policy == Leaks::kFail || policy == Leaks::kStrict; }

}  // namespace

Findings::Findings(const Flags& flags)
    : flags_(flags),
      jobs_(flags.isolate == Isolate::kOff ? 1 : MakeRunSettings(flags).jobs),
      started_(std::chrono::steady_clock::now()),
      started_epoch_ms_(EpochMilliseconds()) {}

std::string Findings::Check(const Flags& flags) {
  if (flags.reuse == Reuse::kClean && flags.leaks == Leaks::kOff) {
    return "--testcell_reuse=clean needs --testcell_leaks=report, fail or strict: what is not "
           "looked at is not known to be clean";
  }
  for (const ReportFile& file : flags.reports) {
    std::string error = report::CheckWritable(file.path);
    if (!error.empty()) return error;
  }
  return std::string();
}

void Findings::SetIsolation(int jobs, const std::vector<MissingPart>& missing) {
  jobs_ = jobs;
  missing_ = missing;
}

void Findings::AddSuite(const std::string& suite, const Options& options) {
  if (PolicyOf(options) == Leaks::kOff) return;
  for (const Allowance& allowance : options.allowed_leaks) recorder_.Allow(allowance, suite);
}

void Findings::AddProbes(const Options& options, ProbeSettings* probes) const {
  const Leaks leaks = PolicyOf(options);
  const Uses uses = options.uses.value_or(flags_.uses);
  probes->leaks = probes->leaks || leaks != Leaks::kOff;
  probes->strict = probes->strict || leaks == Leaks::kStrict;
  probes->uses = probes->uses || uses != Uses::kOff;
  probes->all_uses = probes->all_uses || uses == Uses::kAll;
}

void Findings::Judge(const std::string& suite, const Options& options, CellEnd* end) {
  const Leaks policy = PolicyOf(options);
  if (policy == Leaks::kOff) end->leaks.clear();
  if (policy != Leaks::kStrict) DropState(&end->leaks);
  if (options.uses.value_or(flags_.uses) == Uses::kOff) end->uses.clear();
  if (policy == Leaks::kOff) return;
  for (const auto& said : AllowancesOutsideCells()) recorder_.Allow(said.first, said.second);
  recorder_.Judge(suite, end->allowances, &end->leaks);
}

// Counts nothing: the test may be run again.
std::string Findings::LeakFailure(const std::string& suite, const Options& options,
                                  const CellEnd& end) const {
  const Leaks policy = PolicyOf(options);
  if (!Fails(policy) || end.leaks.empty()) return std::string();
  report::Recorder recorder;
  for (const Allowance& allowance : options.allowed_leaks) recorder.Allow(allowance, suite);
  for (const auto& said : AllowancesOutsideCells()) recorder.Allow(said.first, said.second);
  std::vector<Leak> leaks = end.leaks;
  if (policy != Leaks::kStrict) DropState(&leaks);
  recorder.Judge(suite, end.allowances, &leaks);
  return LeakText(leaks);
}

bool Findings::IsFailure(const Options& options, const CellEnd& end) const {
  return Fails(PolicyOf(options)) && !report::Paragraph(end.leaks).empty();
}

std::chrono::microseconds Findings::SinceStart(std::int64_t epoch_ms) const {
  return std::chrono::milliseconds(std::max<std::int64_t>(epoch_ms - started_epoch_ms_, 0));
}

void Findings::AddTest(const ::testing::TestInfo& test, const Options& options, CellEnd* end,
                       const TestRun& run) {
  report::Test record = MakeRecord(test);
  record.attempts = run.runs_before + 1;
  record.start = SinceStart(run.started_ms);
  record.outcome.wall = std::chrono::milliseconds(run.elapsed_ms);
  if (end != nullptr) {
    record.outcome = end->outcome;
    if (run.started_ms > 0) {  // in a cell with others: only a part of the cell's time is its own
      record.outcome.wall = std::chrono::milliseconds(run.elapsed_ms);
    } else if (end->outcome.started != std::chrono::steady_clock::time_point()) {
      record.start = std::max(
          std::chrono::duration_cast<std::chrono::microseconds>(end->outcome.started - started_),
          std::chrono::microseconds(0));
    }
    record.examined = PolicyOf(options) != Leaks::kOff;
    const std::string leaks = report::Line(end->leaks);
    if (!leaks.empty()) ::testing::Test::RecordProperty("testcell.leaks", leaks);
    const std::string uses = report::Line(end->uses);
    if (!uses.empty()) ::testing::Test::RecordProperty("testcell.uses", uses);
    if (Fails(PolicyOf(options))) FailForLeaks(&test, end->leaks);
    record.leaks = std::move(end->leaks);
    record.uses = std::move(end->uses);
    record.not_listed = end->not_listed;
  }
  ran_.push_back({&test, std::move(record), run.failed_before});
}

void Findings::AddInProcess(const ::testing::TestInfo& test) {
  report::Test record = MakeRecord(test);
  record.in_process = true;
  record.start = SinceStart(test.result()->start_timestamp());
  record.outcome.wall = std::chrono::milliseconds(test.result()->elapsed_time());
  ran_.push_back({&test, std::move(record), false});
}

void Findings::AddUnplayed(const std::string& suite, const Options& options, CellEnd* end) {
  Judge(suite, options, end);
  if (Fails(PolicyOf(options))) FailForLeaks(nullptr, end->leaks);
  recorder_.AddLeaks(suite, std::move(end->leaks));
}

void Findings::EndIteration(bool interrupted) {
  any_iteration_ = true;
  const ::testing::UnitTest& unit_test = *::testing::UnitTest::GetInstance();
  const int all = unit_test.total_test_count() - unit_test.disabled_test_count();
  left_out_ = left_out_ || interrupted || static_cast<int>(ran_.size()) < all;
  for (Ran& ran : ran_) {
    Outcome& outcome = ran.record.outcome;
    const ::testing::TestResult& result = *ran.test->result();
    if (outcome.kind == OutcomeKind::kPassed) {
      if (result.Skipped()) outcome.kind = OutcomeKind::kSkipped;
      if (result.Failed()) outcome.kind = OutcomeKind::kFailed;
    }
    ran.record.flaky = ran.failed_before && (outcome.kind == OutcomeKind::kPassed ||
                                             outcome.kind == OutcomeKind::kSkipped);
    recorder_.Add(std::move(ran.record));
  }
  ran_.clear();
  if (flags_.conflicts != ConflictPolicy::kFail) return;
  const std::vector<Conflict> conflicts = TheRun().conflicts;
  if (conflicts.empty()) return;
  conflicts_failed_ = true;
  // Of the program, not of a test: the XML has it as a suite of its own.
  ReportPart(::testing::TestPartResult::kNonFatalFailure, "", -1,
             "testcell: these tests would collide without cells:" + report::Paragraph(conflicts));
}

report::Run Findings::TheRun() const {
  report::Recorder::End end;
  end.jobs = jobs_;
  end.missing = missing_;
  end.reuse = flags_.reuse == Reuse::kClean;
  end.wall = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started_);
  end.left_out = left_out_;
  end.conflicts = flags_.conflicts != ConflictPolicy::kOff;
  return recorder_.Finish(end);
}

int Findings::Finish(int status) {
  if (!any_iteration_) return status;
  const report::Run run = TheRun();
  report::TextStyle style;
  style.color = ::testing::internal::ShouldUseColor(::isatty(STDOUT_FILENO) != 0);
  std::cout.flush();
  std::fputs(report::Text(run, style).c_str(), stdout);
  std::fflush(stdout);
  status = WriteReports(run, status);
  return status == 0 && conflicts_failed_ ? 1 : status;
}

int Findings::WriteReports(const report::Run& run, int status) const {
  for (const ReportFile& file : flags_.reports) {
    const bool html = file.format == ReportFile::Format::kHtml;
    const std::string error =
        report::WriteFile(file.path, html ? report::Html(run) : report::Json(run));
    if (error.empty()) continue;
    std::fflush(stdout);
    std::fprintf(stderr, "testcell: %s\n", error.c_str());
    if (status == 0) status = 1;
  }
  return status;
}

}  // namespace internal
}  // namespace testcell
