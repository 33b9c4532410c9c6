#include "run_findings.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "testcell/internal/report.h"

namespace testcell::cli {
namespace {

constexpr char kSuite[] = "run";  // a report's tests have one
constexpr std::size_t kNameLimit = 200;
constexpr int kStatusLeaked = 1;

bool Fails(Leaks policy) { return policy == Leaks::kFail || policy == Leaks::kStrict; }

std::string NameOf(const Words& command) {
  std::string name;
  for (const std::string& word : command) name += (name.empty() ? "" : " ") + word;
  if (name.size() > kNameLimit) name = name.substr(0, kNameLimit) + "...";
  return name;
}

// The supervisor, which waits for a test's verdict, takes every end of a program
// for a crash.
OutcomeKind KindOf(const Outcome& outcome) {
  if (outcome.kind != OutcomeKind::kCrashed || outcome.signal != 0) return outcome.kind;
  return outcome.exit_status == 0 ? OutcomeKind::kPassed : OutcomeKind::kFailed;
}

bool StderrTakesColor() {
  const char* const term = std::getenv("TERM");
  const char* const no_color = std::getenv("NO_COLOR");
  return ::isatty(STDERR_FILENO) != 0 && term != nullptr && std::strcmp(term, "dumb") != 0 &&
         (no_color == nullptr || *no_color == '\0');
}

}  // namespace

std::string RunFindings::Check() const {
  for (const internal::ReportFile& file : flags_.reports) {
    std::string error = report::CheckWritable(file.path);
    if (!error.empty()) return error;
  }
  return std::string();
}

internal::ProbeSettings RunFindings::probes() const {
  internal::ProbeSettings probes;
  probes.leaks = flags_.leaks != Leaks::kOff;
  probes.strict = flags_.leaks == Leaks::kStrict;
  probes.uses = flags_.uses != Uses::kOff;
  probes.all_uses = flags_.uses == Uses::kAll;
  return probes;
}

int RunFindings::Conclude(const Words& command, const internal::Event& end,
                          const std::vector<MissingPart>& missing, int status) const {
  report::Test test;
  test.suite = kSuite;
  test.name = NameOf(command);
  test.outcome = end.outcome;
  test.outcome.kind = KindOf(end.outcome);
  test.examined = flags_.leaks != Leaks::kOff;
  test.start = std::max(
      std::chrono::duration_cast<std::chrono::microseconds>(end.outcome.started - started_),
      std::chrono::microseconds(0));
  test.leaks = end.leaks;
  test.uses = end.uses;
  test.not_listed = end.not_listed;
  const bool leaked = !test.leaks.empty();
  report::Recorder recorder;
  recorder.Add(std::move(test));
  report::Recorder::End run_end;
  run_end.wall = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - started_);
  run_end.missing = missing;
  run_end.conflicts = false;  // one command has nobody to collide with
  const report::Run run = recorder.Finish(run_end);

  report::TextStyle style;
  style.color = StderrTakesColor();
  std::fputs(report::Text(run, style).c_str(), stderr);
  if (status == 0 && leaked && Fails(flags_.leaks)) status = kStatusLeaked;
  for (const internal::ReportFile& file : flags_.reports) {
    const bool html = file.format == internal::ReportFile::Format::kHtml;
    const std::string error =
        report::WriteFile(file.path, html ? report::Html(run) : report::Json(run));
    if (error.empty()) continue;
    Complain(error);
    if (status == 0) status = kStatusRefused;
  }
  return status;
}

}  // namespace testcell::cli
