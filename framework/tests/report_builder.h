// Runs that are made up, for the tests of the report.
#ifndef TESTCELL_TESTS_REPORT_BUILDER_H_
#define TESTCELL_TESTS_REPORT_BUILDER_H_

#include <chrono>
#include <string>
#include <utility>

#include "testcell/internal/report.h"

namespace testcell::report {

// A test that passed in a cell: MakeTest("Suite.Case").
inline Test MakeTest(const std::string& full_name) {
  Test test;
  const std::size_t dot = full_name.find('.');
  test.suite = full_name.substr(0, dot);
  test.name = full_name.substr(dot + 1);
  test.examined = true;
  test.outcome.exit_status = 0;
  return test;
}

inline Leak MakeLeak(LeakKind kind, const std::string& what) {
  Leak leak;
  leak.kind = kind;
  leak.what = what;
  return leak;
}

inline Leak Escape(const std::string& path) {
  Leak leak = MakeLeak(LeakKind::kFile, path);
  leak.detail.emplace_back("escaped", "true");
  return leak;
}

// MakeTest("A.a") | Uses(UseKind::kTcp, "0.0.0.0:80") | Ran(5, 10)
struct Uses {
  Uses(UseKind kind, std::string name, UsedBy by = UsedBy::kTest, bool only_read = false)
      : use{kind, std::move(name), by, only_read} {}
  Use use;
};
inline Test operator|(Test test, const Uses& uses) {
  test.uses.push_back(uses.use);
  return test;
}
inline Test operator|(Test test, const Leak& leak) {
  test.leaks.push_back(leak);
  return test;
}
// On the host, which cells share.
struct Shares {
  std::string path;
  UsedBy by = UsedBy::kTest;
};
inline Test operator|(Test test, const Shares& shares) {
  Use use{UseKind::kPath, shares.path, shares.by};
  use.shared = true;
  test.uses.push_back(use);
  return test;
}
struct Ran {
  int start_ms;
  int wall_ms;
};
inline Test operator|(Test test, const Ran& ran) {
  test.start = std::chrono::milliseconds(ran.start_ms);
  test.outcome.wall = std::chrono::milliseconds(ran.wall_ms);
  return test;
}

}  // namespace testcell::report

#endif  // TESTCELL_TESTS_REPORT_BUILDER_H_
