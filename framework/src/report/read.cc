// A JSON report, read back: whatever the text is, a run comes out or a sentence.
#include <fmt/format.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "posix/error.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;                      // a report's is 5
constexpr std::int64_t kMost = 1'000'000'000'000;  // of milliseconds or KiB; sums of it are numbers
constexpr std::int64_t kMostCounted = 100'000'000;  // of tests, leaks or attempts

struct Wrong {
  std::string text;
};

// A part of the report, which knows its way from the top.
class Value {
 public:
  Value(const json& value, std::string path) : value_(value), path_(std::move(path)) {}

  [[noreturn]] void Fail(const std::string& what) const {
    throw Wrong{fmt::format("{} {}", path_.empty() ? "the report" : path_, what)};
  }

  bool Has(const char* name) const { return value_.is_object() && value_.contains(name); }
  Value operator[](const char* name) const {
    if (!value_.is_object()) Fail("is no object");
    const auto member = value_.find(name);
    std::string path = path_.empty() ? name : fmt::format("{}.{}", path_, name);
    if (member == value_.end()) throw Wrong{path + " is missing"};
    return {*member, std::move(path)};
  }
  template <typename Function>
  void ForEach(const Function& function) const {
    if (!value_.is_array()) Fail("is no array");
    for (std::size_t i = 0; i < value_.size(); ++i) {
      function(Value(value_[i], fmt::format("{}[{}]", path_, i)));
    }
  }

  bool IsNull() const { return value_.is_null(); }
  bool Truth() const {
    if (!value_.is_boolean()) Fail("is neither true nor false");
    return value_.get<bool>();
  }
  std::string Text() const {
    if (!value_.is_string()) Fail("is no text");
    return value_.get<std::string>();
  }
  std::int64_t Number(std::int64_t least, std::int64_t most) const {
    const bool whole = value_.is_number_integer();
    const bool huge = value_.is_number_unsigned() &&
                      value_.get<std::uint64_t>() > static_cast<std::uint64_t>(most);
    if (!whole || huge || value_.get<std::int64_t>() < least || value_.get<std::int64_t>() > most) {
      Fail(fmt::format("is no number from {} to {}", least, most));
    }
    return value_.get<std::int64_t>();
  }
  std::chrono::milliseconds Duration() const { return std::chrono::milliseconds(Number(0, kMost)); }
  // Of those up to `last`, by their names.
  template <typename Kind>
  Kind OneUpTo(Kind last) const {
    const std::string name = Text();
    for (int i = 0; i <= static_cast<int>(last); ++i) {
      if (name == Name(static_cast<Kind>(i))) return static_cast<Kind>(i);
    }
    Fail(fmt::format("is '{}', which is none that is known", name));
  }
  const json& raw() const { return value_; }

 private:
  const json& value_;
  std::string path_;
};

std::string TextOrNothing(const Value& value) { return value.IsNull() ? "" : value.Text(); }

std::vector<std::string> Names(const Value& value) {
  std::vector<std::string> names;
  value.ForEach([&](const Value& name) { names.push_back(name.Text()); });
  return names;
}

std::vector<std::pair<std::string, std::string>> ReadDetail(const Value& value) {
  if (!value.raw().is_object()) value.Fail("is no object");
  std::vector<std::pair<std::string, std::string>> detail;
  for (const auto& [name, entry] : value.raw().items()) {
    if (entry.is_structured() || entry.is_null() || entry.is_number_float()) {
      value.Fail(fmt::format("has a '{}' that is no text, whole number or truth value", name));
    }
    detail.emplace_back(name, entry.is_string() ? entry.get<std::string>() : entry.dump());
  }
  return detail;
}

Leak ReadLeak(const Value& value) {
  Leak leak;
  leak.kind = value["kind"].OneUpTo(LeakKind::kState);
  leak.what = value["what"].Text();
  leak.allowed = TextOrNothing(value["allowed"]);
  leak.detail = ReadDetail(value["detail"]);
  return leak;
}

Use ReadUse(const Value& value) {
  Use use;
  use.kind = value["kind"].OneUpTo(UseKind::kHostName);
  use.name = value["name"].Text();
  if (value.Has("by")) {
    const std::string by = value["by"].Text();
    if (by != "suite_setup" && by != "environment") value["by"].Fail("is no set-up");
    use.by = by == "environment" ? UsedBy::kEnvironment : UsedBy::kSuiteSetUp;
  }
  use.only_read = value.Has("only_read") && value["only_read"].Truth();
  use.shared = value.Has("shared") && value["shared"].Truth();
  return use;
}

int ReadSignal(const Value& value) {
  if (value.IsNull()) return 0;
  const std::string name = value.Text();
  constexpr int kSignals = 64;
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (name == posix::SignalName(signal)) return signal;
  }
  value.Fail("is no signal");
}

Outcome ReadOutcome(const Value& value) {
  Outcome outcome;
  outcome.kind = value["outcome"].OneUpTo(OutcomeKind::kSetupFailed);
  outcome.signal = ReadSignal(value["signal"]);
  const Value status = value["exit_status"];
  constexpr int kMostStatus = 255;
  outcome.exit_status = status.IsNull() ? -1 : static_cast<int>(status.Number(0, kMostStatus));
  outcome.wall = value["wall_ms"].Duration();
  outcome.cpu = value["cpu_ms"].Duration();
  outcome.max_rss_kib = value["max_rss_kib"].Number(0, kMost);
  outcome.reused = value.Has("reused") && value["reused"].Truth();
  return outcome;
}

Test ReadTest(const Value& value) {
  Test test;
  const std::string name = value["name"].Text();
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || dot == 0) value["name"].Fail("is no 'Suite.Case'");
  test.suite = name.substr(0, dot);
  test.name = name.substr(dot + 1);
  test.outcome = ReadOutcome(value);
  test.in_process = value["rung"].Text() == "off";
  if (!test.in_process) test.outcome.rung = value["rung"].OneUpTo(Rung::kFork);
  // Not told: where leaks were not looked for there are none.
  test.examined = !test.in_process;
  test.attempts = static_cast<int>(value["attempts"].Number(1, kMostCounted));
  test.flaky = value["flaky"].Truth();
  test.start = value["start_ms"].Duration();
  value["leaks"].ForEach([&](const Value& leak) { test.leaks.push_back(ReadLeak(leak)); });
  value["uses"].ForEach([&](const Value& use) { test.uses.push_back(ReadUse(use)); });
  if (value.Has("not_listed")) {
    test.not_listed = static_cast<std::uint32_t>(value["not_listed"].Number(1, kMostCounted));
  }
  return test;
}

Conflict ReadConflict(const Value& value) {
  Conflict conflict;
  conflict.kind = value["kind"].OneUpTo(UseKind::kHostName);
  conflict.name = value["name"].Text();
  conflict.tests = Names(value["tests"]);
  conflict.shared = value.Has("shared") && value["shared"].Truth();
  conflict.real = value.Has("real") && value["real"].Truth();
  return conflict;
}

RunLeak ReadRunLeak(const Value& value, const std::set<std::string>& tests) {
  RunLeak entry;
  entry.leak = ReadLeak(value);
  entry.tests = Names(value["tests"]);
  entry.suite = TextOrNothing(value["suite"]);
  for (const std::string& test : entry.tests) {
    if (tests.count(test) == 0)
      value["tests"].Fail(fmt::format("has '{}', which did not run", test));
  }
  return entry;
}

AllowanceCount ReadAllowance(const Value& value) {
  AllowanceCount count;
  count.allowance.kind = value["kind"].OneUpTo(LeakKind::kState);
  count.allowance.pattern = value["pattern"].Text();
  count.allowance.reason = value["reason"].Text();
  count.matched = static_cast<int>(value["matched"].Number(0, kMostCounted));
  return count;
}

Run ReadRun(const Value& value) {
  if (!value.raw().is_object() || !value.Has("tool") || value["tool"].raw() != "testcell") {
    throw Wrong{"it is no report of testcell's"};
  }
  const std::int64_t schema = value["schema"].Number(0, kMostCounted);
  if (schema != 1) throw Wrong{fmt::format("its schema is {}, and only 1 is known", schema)};
  Run run;
  run.jobs = static_cast<int>(value["jobs"].Number(1, kMostCounted));
  run.wall = value["wall_ms"].Duration();
  run.reuse = value.Has("reused");
  std::set<std::string> names;
  value["tests"].ForEach([&](const Value& entry) {
    run.tests.push_back(ReadTest(entry));
    const std::string name = run.tests.back().FullName();
    if (!names.insert(name).second) entry.Fail(fmt::format("is '{}' once more", name));
  });
  value["conflicts"].ForEach(
      [&](const Value& entry) { run.conflicts.push_back(ReadConflict(entry)); });
  // Without those that came after the first reports of this schema.
  if (value.Has("leaks")) {
    value["leaks"].ForEach(
        [&](const Value& entry) { run.leaks.push_back(ReadRunLeak(entry, names)); });
  }
  if (value.Has("allowances")) {
    value["allowances"].ForEach(
        [&](const Value& entry) { run.allowances.push_back(ReadAllowance(entry)); });
  }
  return run;
}

// Ahead of the parser, whose way to be asked takes time by the square of a list.
bool IsTooDeep(const std::string& text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (quoted) continue;
    if (text[i] == '{' || text[i] == '[') ++depth;
    if (text[i] == '}' || text[i] == ']') --depth;
    if (depth > kMaxDepth) return true;
  }
  return false;
}

json ParseJson(const std::string& text) {
  if (IsTooDeep(text)) throw Wrong{"it is nested too deep"};
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    throw Wrong{fmt::format("not JSON at byte {}", error.byte)};
  } catch (const json::exception&) {  // a number that is none
    throw Wrong{"not JSON"};
  }
}

}  // namespace

std::string ReadJson(const std::string& text, Run* run) {
  try {
    const json value = ParseJson(text);
    *run = ReadRun(Value(value, ""));
    return std::string();
  } catch (const Wrong& wrong) {
    return wrong.text;
  }
}

}  // namespace testcell::report
