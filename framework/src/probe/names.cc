#include "probe/probes.h"

namespace testcell::probe {
namespace {

enum class Class { kOther, kLower, kUpper, kDigit };

Class ClassOf(char c) {
  if (c >= 'a' && c <= 'z') return Class::kLower;
  if (c >= 'A' && c <= 'Z') return Class::kUpper;
  return c >= '0' && c <= '9' ? Class::kDigit : Class::kOther;
}

bool IsVowel(char c) { return std::string_view("aeiouyAEIOUY").find(c) != std::string_view::npos; }

// In small letters but for the first, and such as one can speak.
bool IsWord(std::string_view text) {
  int vowels = 0;
  int consonants = 0;  // in a row
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i > 0 && ClassOf(text[i]) != Class::kLower) return false;
    consonants = IsVowel(text[i]) ? 0 : consonants + 1;
    if (consonants == 0) ++vowels;
    if (consonants > 3) return false;
  }
  return vowels >= 2;
}

// Six letters and digits as of mkstemp(3): at the end, and, if they could be
// something else, alone or after a separator.
bool HasMadeUpEnd(std::string_view name) {
  constexpr std::size_t kLength = 6;
  if (name.size() < kLength) return false;
  const bool apart =
      name.size() == kLength || ClassOf(name[name.size() - kLength - 1]) == Class::kOther;
  name.remove_prefix(name.size() - kLength);
  int changes = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    if (ClassOf(name[i]) == Class::kOther) return false;
    if (i > 0 && ClassOf(name[i]) != ClassOf(name[i - 1])) ++changes;
  }
  return changes >= 2 || (apart && !IsWord(name));
}

// Of a suffix, such as mkstemps(3) leaves behind the letters, nothing counts.
bool IsMadeUp(std::string_view name) {
  constexpr std::size_t kLongestSuffix = 6;
  if (HasMadeUpEnd(name)) return true;
  const std::size_t dot = name.rfind('.');
  return dot != name.npos && name.size() - dot <= kLongestSuffix &&
         HasMadeUpEnd(name.substr(0, dot));
}

}  // namespace

bool LooksRandom(std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (IsMadeUp(path.substr(0, slash))) return true;
    if (slash == path.npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace testcell::probe
