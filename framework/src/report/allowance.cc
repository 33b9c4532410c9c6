#include <cstddef>

#include "posix/wildcards.h"
#include "testcell/internal/report.h"

namespace testcell::report {

bool MatchesPattern(const std::string& pattern, const std::string& text) {
  return posix::MatchesWildcards(
      pattern.size(), text.size(), [&](std::size_t i) { return pattern[i] == '*'; },
      [&](std::size_t i, std::size_t j) { return pattern[i] == '?' || pattern[i] == text[j]; });
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
