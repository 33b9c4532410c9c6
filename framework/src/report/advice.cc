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

// As many words as fit into each line; all but the first line are indented.
void AddWords(std::string line, const std::vector<std::string>& words, int width,
              std::vector<std::string>* lines) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool first = i == 0;
    if (!first && line.size() + 1 + words[i].size() > static_cast<std::size_t>(width)) {
      lines->push_back(std::exchange(line, "  " + words[i]));
    } else {
      line += (first ? "" : " ") + words[i];
    }
  }
  lines->push_back(line);
}

// A list in quotes can't go on in another line: where it is too long for one it
// gets a variable.
void AddLocks(const std::vector<std::string>& tests, const std::vector<std::string>& locks,
              int width, std::vector<std::string>* lines) {
  const std::string value = "  PROPERTIES RESOURCE_LOCK \"";
  std::string list;
  for (const std::string& lock : locks) list += (list.empty() ? "" : ";") + lock;
  const std::string end = "\")";
  const bool fits = value.size() + list.size() + end.size() <= static_cast<std::size_t>(width);
  if (!fits && locks.size() > 1) {
    AddWords("set(testcell_locks ", locks, width - 1, lines);
    lines->back() += ")";
    list = "${testcell_locks}";
  }
  AddWords("set_tests_properties(", tests, width, lines);
  lines->push_back(value + list + end);
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
  using Locks = std::vector<std::string>;
  std::vector<std::pair<Locks, std::vector<std::string>>> groups;
  std::map<Locks, std::size_t> group_of;
  for (const std::string& test : order) {
    const Locks& locks = locks_of[test];
    const auto [entry, is_new] = group_of.try_emplace(locks, groups.size());
    if (is_new) groups.emplace_back(locks, std::vector<std::string>());
    groups[entry->second].second.push_back(Quoted(test));
  }
  std::vector<LockAdvice> result;
  for (const auto& [locks, tests] : groups) {
    LockAdvice advice;
    advice.tests = static_cast<int>(tests.size());
    AddLocks(tests, locks, width, &advice.lines);
    result.push_back(std::move(advice));
  }
  return result;
}

}  // namespace testcell::report
