#include "supervisor/findings.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "protocol/finding_frame.h"

namespace testcell::supervisor {
namespace {

const std::string* FindDetail(const Leak& leak, const std::string& name) {
  for (const auto& [key, value] : leak.detail) {
    if (key == name) return &value;
  }
  return nullptr;
}

// One socket, open in the test process and in a process that it left.
bool IsSameSocket(const Leak& a, const Leak& b) {
  if (a.kind != LeakKind::kSocket || b.kind != LeakKind::kSocket) return false;
  const std::string* const inode = FindDetail(a, "inode");
  const std::string* const other = FindDetail(b, "inode");
  return inode != nullptr && other != nullptr && *inode == *other;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The number that begins there, without zeros in front; `at` moves behind it.
std::string_view TakeNumber(std::string_view text, std::size_t* at) {
  while (*at < text.size() && text[*at] == '0') ++*at;
  const std::size_t begin = *at;
  while (*at < text.size() && IsDigit(text[*at])) ++*at;
  return text.substr(begin, *at - begin);
}

// With numbers by their value: "fd 3" comes before "fd 100".
bool ComesBefore(const std::string& a, const std::string& b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (!IsDigit(a[i]) || !IsDigit(b[j])) {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
      continue;
    }
    const std::string_view number = TakeNumber(a, &i);
    const std::string_view other = TakeNumber(b, &j);
    if (number.size() != other.size()) return number.size() < other.size();
    if (number != other) return number < other;
  }
  if (i < a.size() || j < b.size()) return j < b.size();
  return a < b;
}

auto Key(const Use& use) { return std::tie(use.kind, use.name, use.by); }

}  // namespace

void Findings::AddLeak(const std::string& payload) {
  Leak leak;
  if (!protocol::DecodeLeak(payload, &leak)) return;
  const auto known = std::find_if(leaks_.begin(), leaks_.end(),
                                  [&](const Leak& other) { return IsSameSocket(leak, other); });
  if (known == leaks_.end()) {
    leaks_.push_back(std::move(leak));
    return;
  }
  for (auto& detail : leak.detail) {
    if (FindDetail(*known, detail.first) == nullptr) known->detail.push_back(std::move(detail));
  }
}

void Findings::AddUse(const std::string& payload) {
  Use use;
  if (protocol::DecodeUse(payload, &use)) uses_.push_back(std::move(use));
}

void Findings::AddConnection(const std::string& payload) {
  internal::Connection connection;
  if (protocol::DecodeConnection(payload, &connection)) {
    connections_.push_back(std::move(connection));
  }
}

void Findings::DropCarried(const std::vector<std::string>& paths) {
  if (paths.empty()) return;
  const std::set<std::string> carried(paths.begin(), paths.end());
  const auto is_carried = [&](const Leak& leak) {
    return leak.kind == LeakKind::kFile && carried.count(leak.what) > 0;
  };
  leaks_.erase(std::remove_if(leaks_.begin(), leaks_.end(), is_carried), leaks_.end());
}

std::vector<Leak> Findings::TakeLeaks() {
  std::stable_sort(leaks_.begin(), leaks_.end(), [](const Leak& a, const Leak& b) {
    return a.kind != b.kind ? a.kind < b.kind : ComesBefore(a.what, b.what);
  });
  return std::move(leaks_);
}

std::vector<Use> Findings::TakeUses() {
  std::sort(uses_.begin(), uses_.end(), [](const Use& a, const Use& b) { return Key(a) < Key(b); });
  uses_.erase(std::unique(uses_.begin(), uses_.end(),
                          [](const Use& a, const Use& b) { return Key(a) == Key(b); }),
              uses_.end());
  return std::move(uses_);
}

}  // namespace testcell::supervisor
