// The summary for a terminal, in the manner of GoogleTest's own.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "report/advice.h"
#include "report/columns.h"
#include "report/lines.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

constexpr std::size_t kMostTests = 10;
constexpr std::size_t kMostLeaks = 8;  // of a test
constexpr std::size_t kMostConflicts = 10;
constexpr std::size_t kMostAllowances = 10;
constexpr std::size_t kMostLocks = 8;  // CMake commands
constexpr int kMostTestsInLock = 40;
constexpr std::size_t kIndent = 13;  // behind "[   LEAK   ] "

enum class Color { kRed = 31, kGreen = 32, kYellow = 33 };

std::string Count(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

class Summary {
 public:
  explicit Summary(const TextStyle& style)
      : style_(style), width_(static_cast<std::size_t>(std::max(style.width, 40))) {}

  // `tag` has ten columns.
  void Tagged(const char* tag, Color color, const std::string& text) {
    std::string shown = fmt::format("[{}]", tag);
    if (style_.color) shown = fmt::format("\033[0;{}m{}\033[m", static_cast<int>(color), shown);
    bool first = true;
    for (const std::string& line : Wrap(Printable(text), width_ - kIndent, 3)) {
      text_.append(first ? shown + " " : std::string(kIndent, ' ')).append(line).append("\n");
      first = false;
    }
  }
  void Line(const std::string& text, std::size_t most, std::size_t deeper = 0) {
    const std::string indent(kIndent + deeper, ' ');
    bool first = true;
    for (const std::string& line : Wrap(Printable(text), width_ - indent.size() - 2, most)) {
      text_.append(indent).append(first ? "" : "  ").append(line).append("\n");
      first = false;
    }
  }
  void More(std::size_t count, const char* where) {
    if (count > 0) Line(fmt::format("and {} more; see --testcell_report={}:PATH", count, where), 2);
  }
  void Verbatim(const std::string& line) { text_ += Printable(line) + "\n"; }

  int width() const { return static_cast<int>(width_); }
  std::string text() const { return text_; }

 private:
  TextStyle style_;
  std::size_t width_;
  std::string text_;
};

void AddLeak(const Leak& leak, Summary* summary) {
  summary->Line(Description(leak), 3);
  const std::string details = Details(leak);
  if (!details.empty()) summary->Line(details, 2, 2);
}

std::vector<const Leak*> Defects(const Test& test) {
  std::vector<const Leak*> leaks;
  for (const Leak& leak : test.leaks) {
    if (leak.allowed.empty()) leaks.push_back(&leak);
  }
  return leaks;
}

void AddFlaky(const Run& run, Summary* summary) {
  std::size_t tests = 0;
  for (const Test& test : run.tests) {
    if (!test.flaky || ++tests > kMostTests) continue;
    summary->Tagged(
        "  FLAKY   ", Color::kYellow,
        fmt::format("{}: both failed and passed in {} attempts", test.FullName(), test.attempts));
  }
  summary->More(tests - std::min(tests, kMostTests), "json");
}

void AddLeaks(const Run& run, Summary* summary) {
  std::size_t tests = 0;
  for (const Test& test : run.tests) {
    const std::vector<const Leak*> leaks = Defects(test);
    if (leaks.empty() || ++tests > kMostTests) continue;
    summary->Tagged("   LEAK   ", Color::kYellow, test.FullName());
    for (std::size_t i = 0; i < std::min(leaks.size(), kMostLeaks); ++i) {
      AddLeak(*leaks[i], summary);
    }
    summary->More(leaks.size() - std::min(leaks.size(), kMostLeaks), "json");
  }
  if (tests > kMostTests) {
    summary->Tagged("   LEAK   ", Color::kYellow,
                    fmt::format("and in {}; see --testcell_report=json:PATH",
                                Count(tests - kMostTests, "more test")));
  }
}

const char* Enumerator(LeakKind kind) {
  switch (kind) {
    case LeakKind::kProcess:
      return "kProcess";
    case LeakKind::kZombie:
      return "kZombie";
    case LeakKind::kThread:
      return "kThread";
    case LeakKind::kFd:
      return "kFd";
    case LeakKind::kSocket:
      return "kSocket";
    case LeakKind::kFile:
      return "kFile";
    case LeakKind::kSysvShm:
      return "kSysvShm";
    case LeakKind::kSysvSem:
      return "kSysvSem";
    case LeakKind::kSysvMsg:
      return "kSysvMsg";
    case LeakKind::kPosixMq:
      return "kPosixMq";
    case LeakKind::kPosixShm:
      return "kPosixShm";
    case LeakKind::kMount:
      return "kMount";
    case LeakKind::kInterface:
      return "kInterface";
    case LeakKind::kState:
      return "kState";
  }
  return "kState";
}

void AddRunLeaks(const Run& run, Summary* summary) {
  std::size_t count = 0;
  for (const RunLeak& entry : run.leaks) {
    if (!entry.leak.allowed.empty() || ++count > kMostLeaks) continue;
    const std::string who = entry.suite.empty() ? fmt::format("run-wide: {} leave this alike",
                                                              Count(entry.tests.size(), "test"))
                                                : entry.suite + ", whose set-up did not succeed";
    summary->Tagged("   LEAK   ", Color::kYellow, who);
    AddLeak(entry.leak, summary);
    if (!entry.suite.empty()) continue;
    summary->Line(fmt::format("to allow it: testcell::AllowLeak(testcell::LeakKind::{}, "
                              "\"PATTERN\", \"REASON\") in main()",
                              Enumerator(entry.leak.kind)),
                  3);
  }
  summary->More(count - std::min(count, kMostLeaks), "json");
}

void AddAllowances(const Run& run, Summary* summary) {
  std::size_t count = 0;
  for (const AllowanceCount& entry : run.allowances) {
    if (entry.matched == 0 && run.left_out && !entry.by_test) continue;
    if (++count > kMostAllowances) continue;
    const Allowance& allowance = entry.allowance;
    const std::string rule =
        fmt::format("{} {} ({})", Name(allowance.kind), allowance.pattern, allowance.reason);
    if (entry.matched > 0) {
      summary->Tagged(" ALLOWED  ", Color::kGreen,
                      Count(static_cast<std::size_t>(entry.matched), "leak") + ": " + rule);
    } else {
      summary->Tagged(" ALLOWED  ", Color::kYellow, "matched nothing: " + rule);
    }
  }
  summary->More(count - std::min(count, kMostAllowances), "json");
}

void AddAdvice(const Run& run, const std::vector<Conflict>& conflicts, Summary* summary) {
  const auto is_shared = [](const Conflict& conflict) { return conflict.shared; };
  const bool shared = std::any_of(conflicts.begin(), conflicts.end(), is_shared);
  const bool all_shared = std::all_of(conflicts.begin(), conflicts.end(), is_shared);
  if (shared) {
    summary->Tagged(" CONFLICT ", Color::kRed,
                    "Cells share the host's files. Options::copy_on_write gives each test its "
                    "own, Options::exclusive lets one in at a time.");
  }
  summary->Tagged(
      " CONFLICT ", Color::kYellow,
      fmt::format("{}Without cells, ctest -j needs:", all_shared ? ""
                                                      : shared   ? "In cells the others don't. "
                                                                 : "In cells they don't. "));
  std::size_t shown = 0;
  std::size_t left = 0;
  for (const LockAdvice& lock : CTestLocks(ForCTest(run), summary->width())) {
    if (shown == kMostLocks || lock.tests > kMostTestsInLock) {
      ++left;
      continue;
    }
    ++shown;
    for (const std::string& line : lock.lines) summary->Verbatim(line);
  }
  summary->More(left, "html");
}

void AddConflicts(const Run& run, Summary* summary) {
  const std::vector<Conflict> conflicts = WithoutImplied(run.conflicts);
  for (std::size_t i = 0; i < std::min(conflicts.size(), kMostConflicts); ++i) {
    const Conflict& conflict = conflicts[i];
    summary->Tagged(" CONFLICT ", conflict.real ? Color::kRed : Color::kYellow,
                    fmt::format("{} {}: {} {}", Name(conflict.kind), conflict.name,
                                Count(conflict.tests.size(), "test"),
                                conflict.real     ? "DID collide, on the host"
                                : conflict.shared ? "would collide, in cells too"
                                                  : "would collide"));
    summary->Line(Names(conflict.tests), 8);
  }
  summary->More(conflicts.size() - std::min(conflicts.size(), kMostConflicts), "json");
  if (!conflicts.empty()) AddAdvice(run, conflicts, summary);
}

// Once more what the run began with, for who reads the end of it alone.
void AddMissing(const Run& run, Summary* summary) {
  if (run.missing.empty()) return;
  std::vector<std::string> titles;
  for (const MissingPart& part : run.missing) titles.push_back(part.title);
  std::size_t ran = 0;
  std::size_t skipped = 0;
  for (const Test& test : run.tests) {
    if (test.in_process || test.outcome.rung == Rung::kFull) continue;
    ++(test.outcome.kind == OutcomeKind::kSkipped ? skipped : ran);
  }
  summary->Tagged(" NO CELL  ", Color::kRed,
                  fmt::format("{} ran without full isolation (rung {}), {} skipped",
                              Count(ran, "test"), Isolation(run), skipped));
  summary->Line(fmt::format("missing: {}", fmt::join(titles, ", ")), 3);
}

void AddReuse(const Run& run, Summary* summary) {
  if (!run.reuse) return;
  summary->Tagged("  REUSE   ", Color::kGreen,
                  fmt::format("{} of {} had a cell that another had left clean", CountReused(run),
                              Count(run.tests.size(), "test")));
}

// "3 leaks in 2 tests, 1 conflict"; empty where there are none.
std::string Headline(const Run& run) {
  std::size_t leaks = 0;
  std::size_t tests = 0;
  for (const Test& test : run.tests) {
    const std::size_t count = Defects(test).size();
    leaks += count;
    tests += count > 0 ? 1 : 0;
  }
  std::size_t run_wide = 0;
  std::size_t of_set_ups = 0;
  for (const RunLeak& entry : run.leaks) {
    if (entry.leak.allowed.empty()) ++(entry.suite.empty() ? run_wide : of_set_ups);
  }
  std::vector<std::string> parts;
  const auto flaky = static_cast<std::size_t>(std::count_if(
      run.tests.begin(), run.tests.end(), [](const Test& test) { return test.flaky; }));
  if (flaky > 0) parts.push_back(Count(flaky, "flaky test"));
  if (leaks > 0) parts.push_back(Count(leaks, "leak") + " in " + Count(tests, "test"));
  if (run_wide > 0) parts.push_back(Count(run_wide, "run-wide leak"));
  if (of_set_ups > 0) parts.push_back(Count(of_set_ups, "leak") + " of set-ups");
  const std::size_t conflicts = WithoutImplied(run.conflicts).size();
  if (conflicts > 0) parts.push_back(Count(conflicts, "conflict"));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::string Text(const Run& run, const TextStyle& style) {
  Summary summary(style);
  const std::string headline = Headline(run);
  if (!headline.empty()) summary.Tagged(" testcell ", Color::kYellow, headline);
  AddMissing(run, &summary);
  AddReuse(run, &summary);
  AddFlaky(run, &summary);
  AddLeaks(run, &summary);
  AddRunLeaks(run, &summary);
  AddAllowances(run, &summary);
  AddConflicts(run, &summary);
  return summary.text();
}

}  // namespace testcell::report
