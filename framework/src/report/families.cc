#include "report/families.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string_view>

#include "posix/made_up.h"
#include "report/run_wide.h"

namespace testcell::report {
namespace {

constexpr std::size_t kLetters = 6;

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// Calls `visit` with where the last six letters begin, for each component of a
// path that has more than these and may be made up.
template <typename Visit>
void ForEachEnd(const std::string& text, Visit&& visit) {
  for (std::size_t slash = text.find('/'); slash != text.npos;) {
    const std::size_t next = std::min(text.find_first_of("/ ", slash + 1), text.size());
    const std::string_view word = std::string_view(text).substr(slash + 1, next - slash - 1);
    const bool letters =
        word.size() > kLetters && std::all_of(word.end() - kLetters, word.end(), IsAlnum);
    if (letters && posix::FindMadeUp(word).size <= kLetters) visit(next - kLetters);
    slash = text.find('/', next);
  }
}

std::string Before(const std::string& text, std::size_t end) { return Alike(text.substr(0, end)); }

}  // namespace

void Families::Add(const std::string& text) {
  ForEachEnd(text, [&](std::size_t begin) {
    const std::string end = text.substr(begin, kLetters);
    Family& family = families_[Before(text, begin)];
    if (family.ends.insert(end).second && posix::FindMadeUp(end).size > 0) ++family.by_chance;
  });
}

// Of what chance made most looks like it; of what people made hardly anything does.
std::string Families::Mask(const std::string& text) const {
  constexpr std::size_t kFewest = 3;
  std::string result = text;
  ForEachEnd(text, [&](std::size_t begin) {
    const auto found = families_.find(Before(text, begin));
    if (found == families_.end()) return;
    const Family& family = found->second;
    if (family.ends.size() < kFewest || 2 * family.by_chance <= family.ends.size()) return;
    result.replace(begin, kLetters, kLetters, 'X');
  });
  return result;
}

Families FindFamilies(const std::vector<Test>& tests) {
  Families families;
  for (const Test& test : tests) {
    for (const Leak& leak : test.leaks) families.Add(leak.what);
    for (const Use& use : test.uses) families.Add(use.name);
  }
  return families;
}

void MarkMadeUp(const Families& families, std::vector<Test>* tests) {
  std::unordered_map<std::string, std::set<const Test*>> users;
  for (const Test& test : *tests) {
    for (const Use& use : test.uses) users[use.name].insert(&test);
  }
  for (Test& test : *tests) {
    for (Use& use : test.uses) {
      if (use.made_up || users[use.name].size() > 1) continue;
      use.made_up = families.Mask(use.name) != use.name;
    }
  }
}

}  // namespace testcell::report
