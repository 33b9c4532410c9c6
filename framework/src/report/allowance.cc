#include <cstddef>

#include "testcell/internal/report.h"

namespace testcell::report {

// Without recursion: a pattern of many stars stays quadratic.
bool MatchesPattern(const std::string& pattern, const std::string& text) {
  std::size_t in_pattern = 0;
  std::size_t in_text = 0;
  std::size_t star = std::string::npos;
  std::size_t star_text = 0;
  while (in_text < text.size()) {
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      star = in_pattern++;
      star_text = in_text;
    } else if (in_pattern < pattern.size() &&
               (pattern[in_pattern] == '?' || pattern[in_pattern] == text[in_text])) {
      ++in_pattern;
      ++in_text;
    } else if (star != std::string::npos) {
      in_pattern = star + 1;
      in_text = ++star_text;
    } else {
      return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '*') ++in_pattern;
  return in_pattern == pattern.size();
}

std::size_t Recorder::IndexOf(const Allowance& allowance, bool by_test) {
  const std::string key = std::string(Name(allowance.kind)) + '\0' + allowance.pattern + '\0' +
                          allowance.reason + (by_test ? "t" : "p");
  const auto [entry, is_new] = by_allowance_.try_emplace(key, allowances_.size());
  if (is_new) {
    AllowanceCount count;
    count.allowance = allowance;
    count.by_test = by_test;
    allowances_.push_back(count);
  }
  return entry->second;
}

void Recorder::Allow(const Allowance& allowance, const std::string& suite) {
  const std::size_t index = IndexOf(allowance, false);
  std::vector<std::size_t>& scope = scopes_[suite];
  for (const std::size_t known : scope) {
    if (known == index) return;
  }
  scope.push_back(index);
}

void Recorder::Apply(const std::vector<std::size_t>& allowances, Leak* leak) {
  for (const std::size_t index : allowances) {
    AllowanceCount& count = allowances_[index];
    if (count.allowance.kind != leak->kind) continue;
    if (!MatchesPattern(count.allowance.pattern, leak->what)) continue;
    ++count.matched;
    if (leak->allowed.empty()) leak->allowed = count.allowance.reason;
  }
}

void Recorder::Judge(const std::string& suite, const std::vector<Allowance>& own,
                     std::vector<Leak>* leaks) {
  std::vector<std::size_t> of_cell;
  of_cell.reserve(own.size());
  for (const Allowance& allowance : own) of_cell.push_back(IndexOf(allowance, true));
  const auto of_suite = scopes_.find(suite);
  const auto of_program = scopes_.find("");
  for (Leak& leak : *leaks) {
    Apply(of_cell, &leak);
    if (of_suite != scopes_.end() && !suite.empty()) Apply(of_suite->second, &leak);
    if (of_program != scopes_.end()) Apply(of_program->second, &leak);
  }
}

}  // namespace testcell::report
