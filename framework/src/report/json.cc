#include "report/json.h"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "posix/error.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

using Object = nlohmann::ordered_json;

std::int64_t Milliseconds(std::chrono::microseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

const char* OutcomeName(OutcomeKind kind) {
  // Without a verdict of its own, and GoogleTest counts it as failed.
  return Name(kind == OutcomeKind::kInterrupted ? OutcomeKind::kFailed : kind);
}

// What a probe tells as a number or a truth value is one in JSON, too.
Object DetailValue(const std::string& value) {
  if (value == "true" || value == "false") return value == "true";
  constexpr std::size_t kSafeDigits = 15;  // that every reader of JSON keeps
  const bool number = !value.empty() && value.size() <= kSafeDigits &&
                      value.find_first_not_of("0123456789") == std::string::npos &&
                      (value.size() == 1 || value[0] != '0');
  if (number) return std::stoll(value);
  return value;
}

Object LeakObject(const Leak& leak) {
  Object detail = Object::object();
  for (const auto& [name, value] : leak.detail) detail[name] = DetailValue(value);
  Object object;
  object["kind"] = Name(leak.kind);
  object["what"] = leak.what;
  object["allowed"] = leak.allowed.empty() ? Object() : Object(leak.allowed);
  object["detail"] = std::move(detail);
  return object;
}

Object UseObject(const Use& use) {
  Object object;
  object["kind"] = Name(use.kind);
  object["name"] = use.name;
  if (use.by == UsedBy::kSuiteSetUp) object["by"] = "suite_setup";
  if (use.by == UsedBy::kEnvironment) object["by"] = "environment";
  if (use.only_read) object["only_read"] = true;
  if (use.shared) object["shared"] = true;
  return object;
}

Object TestObject(const Test& test) {
  const Outcome& outcome = test.outcome;
  Object object;
  object["name"] = test.FullName();
  object["outcome"] = OutcomeName(outcome.kind);
  object["signal"] = outcome.signal == 0 ? Object() : Object(posix::SignalName(outcome.signal));
  object["exit_status"] = outcome.exit_status < 0 ? Object() : Object(outcome.exit_status);
  object["attempts"] = test.attempts;
  object["flaky"] = test.flaky;
  object["start_ms"] = Milliseconds(test.start);
  object["wall_ms"] = Milliseconds(outcome.wall);
  object["cpu_ms"] = Milliseconds(outcome.cpu);
  object["max_rss_kib"] = outcome.max_rss_kib;
  object["rung"] = test.in_process ? "off" : Name(outcome.rung);
  if (outcome.reused) object["reused"] = true;
  object["leaks"] = Object::array();
  for (const Leak& leak : test.leaks) object["leaks"].push_back(LeakObject(leak));
  object["uses"] = Object::array();
  for (const Use& use : test.uses) {
    if (!use.made_up) object["uses"].push_back(UseObject(use));
  }
  if (test.not_listed > 0) object["not_listed"] = test.not_listed;
  return object;
}

Object MissingObject(const MissingPart& part) {
  Object object;
  object["name"] = part.name;
  object["title"] = part.title;
  object["reason"] = part.reason;
  object["lost"] = part.lost;
  return object;
}

Object ConflictObject(const Conflict& conflict) {
  Object object;
  object["kind"] = Name(conflict.kind);
  object["name"] = conflict.name;
  object["tests"] = conflict.tests;
  object["shared"] = conflict.shared;
  object["real"] = conflict.real;
  return object;
}

Object RunLeakObject(const RunLeak& entry) {
  Object object = LeakObject(entry.leak);
  object["tests"] = entry.tests;
  object["suite"] = entry.suite.empty() ? Object() : Object(entry.suite);
  return object;
}

Object AllowanceObject(const AllowanceCount& entry) {
  Object object;
  object["kind"] = Name(entry.allowance.kind);
  object["pattern"] = entry.allowance.pattern;
  object["reason"] = entry.allowance.reason;
  object["matched"] = entry.matched;
  return object;
}

Object SharedUseObject(const SharedUse& entry) {
  Object object = UseObject(entry.use);
  object["suite"] = entry.suite.empty() ? Object() : Object(entry.suite);
  object["tests"] = entry.tests;
  return object;
}

template <typename Entry>
Object Array(const std::vector<Entry>& entries, Object (*convert)(const Entry&)) {
  Object array = Object::array();
  for (const Entry& entry : entries) array.push_back(convert(entry));
  return array;
}

}  // namespace

Object RunObject(const Run& run) {
  Object object;
  object["schema"] = 1;
  object["tool"] = "testcell";
  object["version"] = TESTCELL_VERSION;
  object["jobs"] = run.jobs;
  object["isolation"] = Isolation(run);
  object["missing"] = Array(run.missing, MissingObject);
  object["wall_ms"] = Milliseconds(run.wall);
  if (run.reuse) object["reused"] = CountReused(run);
  object["tests"] = Array(run.tests, TestObject);
  object["conflicts"] = Array(run.conflicts, ConflictObject);
  object["leaks"] = Array(run.leaks, RunLeakObject);
  object["allowances"] = Array(run.allowances, AllowanceObject);
  object["shared_uses"] = Array(run.shared_uses, SharedUseObject);
  return object;
}

// Names may be any bytes, and JSON is UTF-8: what is none is replaced.
std::string Dump(const Object& object, int indent) {
  return object.dump(indent, ' ', false, Object::error_handler_t::replace);
}

std::string Json(const Run& run) {
  constexpr int kIndent = 1;
  return Dump(RunObject(run), kIndent) + "\n";
}

}  // namespace testcell::report
