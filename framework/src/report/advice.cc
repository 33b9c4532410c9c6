#include "report/advice.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "report/address.h"

namespace testcell::report {
namespace {

// "tcp_80": one lock for all addresses of a port.
std::string LockName(const Conflict& conflict) {
  std::string name = conflict.name.substr(0, conflict.name.find(", "));
  if (const auto address = ParseAddress(name)) name = std::to_string(address->port);
  if (conflict.kind == UseKind::kHostName) return Name(conflict.kind);
  std::string lock = std::string(Name(conflict.kind)) + "_" + name;
  for (char& c : lock) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (!plain && std::string("_-./@").find(c) == std::string::npos) c = '_';
  }
  return lock;
}

// As an argument of a CMake command.
std::string Quoted(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '/' || c == '-';
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '$') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::vector<Conflict> WithoutImplied(const std::vector<Conflict>& conflicts) {
  std::map<std::string, std::set<std::string>> paths;
  for (const Conflict& conflict : conflicts) {
    if (conflict.kind != UseKind::kPath) continue;
    paths[conflict.name].insert(conflict.tests.begin(), conflict.tests.end());
  }
  const auto implied = [&](const Conflict& conflict) {
    if (conflict.kind != UseKind::kPath || conflict.real) return false;
    std::string above = conflict.name;
    for (std::size_t slash; (slash = above.rfind('/')) != std::string::npos && slash > 0;) {
      above.resize(slash);
      const auto found = paths.find(above);
      if (found == paths.end()) continue;
      const std::set<std::string>& tests = found->second;
      return std::all_of(conflict.tests.begin(), conflict.tests.end(),
                         [&](const std::string& test) { return tests.count(test) != 0; });
    }
    return false;
  };
  std::vector<Conflict> result;
  for (const Conflict& conflict : conflicts) {
    if (!implied(conflict)) result.push_back(conflict);
  }
  return result;
}

std::vector<Conflict> ForCTest(const Run& run) {
  std::map<std::string, std::string> names;
  for (const Test& test : run.tests) {
    if (!test.ctest_name.empty()) names[test.FullName()] = test.ctest_name;
  }
  std::vector<Conflict> conflicts = WithoutImplied(run.conflicts_apart);
  for (Conflict& conflict : conflicts) {
    for (std::string& test : conflict.tests) {
      const auto found = names.find(test);
      if (found != names.end()) test = found->second;
    }
  }
  return conflicts;
}

// RESOURCE_LOCK is one list: set twice, the second would replace the first.
std::vector<LockAdvice> CTestLocks(const std::vector<Conflict>& conflicts, int width) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> locks_of;
  for (const Conflict& conflict : conflicts) {
    const std::string lock = LockName(conflict);
    for (const std::string& test : conflict.tests) {
      std::vector<std::string>& locks = locks_of[test];
      if (locks.empty()) order.push_back(test);
      if (std::find(locks.begin(), locks.end(), lock) == locks.end()) locks.push_back(lock);
    }
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  std::map<std::string, std::size_t> group_of;
  for (const std::string& test : order) {
    std::string value;
    for (const std::string& lock : locks_of[test]) value += (value.empty() ? "" : ";") + lock;
    const auto [entry, is_new] = group_of.try_emplace(value, groups.size());
    if (is_new) groups.emplace_back(value, std::vector<std::string>());
    groups[entry->second].second.push_back(test);
  }
  std::vector<LockAdvice> result;
  for (const auto& [value, tests] : groups) {
    LockAdvice advice;
    advice.tests = static_cast<int>(tests.size());
    std::string line = "set_tests_properties(";
    bool first = true;
    for (const std::string& test : tests) {
      const std::string word = Quoted(test);
      if (!first && line.size() + 1 + word.size() > static_cast<std::size_t>(width)) {
        advice.lines.push_back(std::exchange(line, "  " + word));
      } else {
        line += (first ? "" : " ") + word;
      }
      first = false;
    }
    advice.lines.push_back(line);
    advice.lines.push_back("  PROPERTIES RESOURCE_LOCK \"" + value + "\")");
    result.push_back(std::move(advice));
  }
  return result;
}

}  // namespace testcell::report
