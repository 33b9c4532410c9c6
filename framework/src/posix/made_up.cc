#include "posix/made_up.h"

#include <iterator>

namespace testcell::posix {
namespace {

enum class Class { kOther, kLower, kUpper, kDigit };

Class ClassOf(char c) {
  if (c >= 'a' && c <= 'z') return Class::kLower;
  if (c >= 'A' && c <= 'Z') return Class::kUpper;
  return c >= '0' && c <= '9' ? Class::kDigit : Class::kOther;
}

bool IsAlnum(char c) { return ClassOf(c) != Class::kOther; }
bool IsLetter(char c) { return IsAlnum(c) && ClassOf(c) != Class::kDigit; }
bool IsDigit(char c) { return ClassOf(c) == Class::kDigit; }
bool IsHex(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f'); }
bool IsPython(char c) { return ClassOf(c) == Class::kLower || IsDigit(c) || c == '_'; }

using IsOf = bool (*)(char);

bool AllOf(std::string_view text, IsOf is_of) {
  for (const char c : text) {
    if (!is_of(c)) return false;
  }
  return true;
}

bool StartsWith(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

struct Generator {
  std::string_view prefix;
  std::size_t least;
  std::size_t most;
  IsOf is_of;
};

// Prefixes behind which nothing but such letters is ever found.
constexpr Generator kGenerators[] = {
    {"gtest_captured_stream.", 6, 6, IsAlnum},  // GoogleTest
    {"captured_stream.", 6, 6, IsAlnum},        // GoogleTest 1.8
    {"qt_temp.", 6, 6, IsLetter},               // QTemporaryFile
    {"qt_temp-", 6, 6, IsLetter},
    {"qt_tempdir-", 6, 6, IsLetter},    // QTemporaryDir
    {"tmp.", 6, 10, IsAlnum},           // mktemp(1)
    {".tmp", 6, 6, IsAlnum},            // Rust's tempfile
    {"tmpfile_", 6, 6, IsLetter},       // musl
    {"tmpnam_", 6, 6, IsLetter},        // musl
    {"sem.mp-", 8, 8, IsPython},        // Python's multiprocessing
    {"mp-", 8, 8, IsPython},            // Python's multiprocessing
    {"pymp-", 8, 8, IsPython},          // Python's multiprocessing
    {"psm_", 8, 8, IsHex},              // Python's shared_memory
    {"tsan.rodata.", 1, 10, IsDigit},   // ThreadSanitizer, by its process
    {"etilqs_", 12, 16, IsAlnum},       // SQLite
    {"dbus-", 10, 10, IsAlnum},         // D-Bus
    {"tmp_obj_", 6, 6, IsAlnum},        // git
    {"tmp_pack_", 6, 6, IsAlnum},       // git
    {"go-build", 6, 10, IsDigit},       // Go
    {".org.chromium.", 6, 6, IsAlnum},  // Chromium
    {"@", 5, 5, IsHex}                  // the kernel, where a socket is bound to no name (unix(7))
};

constexpr std::size_t kMkstemp = 6;  // mkstemp(3), mkdtemp(3), tempnam(3), Qt, GLib

bool IsVowel(char c) { return std::string_view("aeiouyAEIOUY").find(c) != std::string_view::npos; }

// Such as one can speak: small letters, of which the first may be a capital.
bool IsWord(std::string_view text) {
  bool vowels = false;
  int consonants = 0;  // in a row
  for (const char c : text) {
    consonants = IsVowel(c) ? 0 : consonants + 1;
    vowels = vowels || consonants == 0;
    if (consonants > 3) return false;
  }
  return vowels;
}

// The end of what is one word, one number or one abbreviation in capitals:
// "XML" of "XMLFile", "My" of "MyTest".
std::size_t PartEnd(std::string_view text) {
  const Class first = ClassOf(text[0]);
  std::size_t end = 1;
  while (end < text.size() && ClassOf(text[end]) == first) ++end;
  if (first != Class::kUpper || end == text.size() || ClassOf(text[end]) != Class::kLower) {
    return end;
  }
  if (end > 1) return end - 1;
  while (end < text.size() && ClassOf(text[end]) == Class::kLower) ++end;
  return end;
}

struct Parts {
  int all = 0;
  int numbers = 0;
  int single = 0;      // letters
  bool spoken = true;  // every word can be, but for the short ones
  bool all_spoken = true;
};

Parts PartsOf(std::string_view text) {
  constexpr std::size_t kShort = 3;
  Parts parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, PartEnd(text));
    text.remove_prefix(part.size());
    ++parts.all;
    const bool number = IsDigit(part[0]);
    if (number) ++parts.numbers;
    if (!number && part.size() == 1) ++parts.single;
    const bool capitals = ClassOf(part.back()) == Class::kUpper;
    if (number || capitals || IsWord(part)) continue;
    parts.all_spoken = false;
    if (part.size() > kShort || part.size() == 1) parts.spoken = false;
  }
  return parts;
}

struct Counts {
  bool lower = false;
  bool upper = false;
  bool digit = false;
  int changes = 0;  // from one class to another
};

Counts CountsOf(std::string_view text) {
  Counts counts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Class one = ClassOf(text[i]);
    counts.lower = counts.lower || one == Class::kLower;
    counts.upper = counts.upper || one == Class::kUpper;
    counts.digit = counts.digit || one == Class::kDigit;
    if (i > 0 && one != ClassOf(text[i - 1])) ++counts.changes;
  }
  return counts;
}

// `letters`, the last of `token`, which has letters and digits only.
bool LooksLikeChance(std::string_view letters, std::string_view token) {
  constexpr int kManyChanges = 3;
  constexpr int kSomeChanges = 2;
  const Counts counts = CountsOf(letters);
  const bool alone = letters.size() == token.size();
  if (counts.upper && counts.lower) {
    const Parts parts = PartsOf(token);
    if (alone && letters.size() == kMkstemp) {
      return !(parts.all_spoken && parts.all <= 2 && parts.single == 0);
    }
    const bool many = alone && parts.all >= static_cast<int>(letters.size() / 2);
    return many || !parts.spoken || parts.numbers > 1 || parts.single > 1;
  }
  if (!alone || !counts.digit) return false;
  if (counts.changes >= kManyChanges) return true;
  return counts.lower && counts.changes >= kSomeChanges && AllOf(letters, IsHex);
}

// "a1b2-c3d4-e5f6-0789" of Boost.Filesystem's unique_path, UUIDs: groups of
// hexadecimal digits, both figures and letters.
MadeUp FindHexGroups(std::string_view name) {
  constexpr std::size_t kLeastDigits = 16;
  std::size_t begin = name.size();
  std::size_t digits = 0;
  while (begin > 0 && (IsHex(name[begin - 1]) || name[begin - 1] == '-')) {
    digits += name[--begin] == '-' ? 0 : 1;
  }
  while (begin < name.size() && name[begin] == '-') ++begin;
  const Counts counts = CountsOf(name.substr(begin));
  if (digits < kLeastDigits || !counts.digit || !counts.lower) return {};
  return {begin, name.size() - begin};
}

// After a prefix that may begin a word as well: "tmpdatabase" is none.
MadeUp FindBehindWord(std::string_view name) {
  constexpr std::string_view kPython = "tmp";  // tempfile, eight letters
  constexpr std::size_t kPythonLetters = 8;
  if (StartsWith(name, kPython) && name.size() == kPython.size() + kPythonLetters) {
    const std::string_view letters = name.substr(kPython.size());
    const Counts counts = CountsOf(letters);
    const bool chance = counts.changes >= 2 || !(counts.digit || IsWord(letters));
    if (AllOf(letters, IsPython) && chance) return {kPython.size(), kPythonLetters};
  }
  for (const std::string_view prefix :
       {"file", "tmpf", "cc", "sed"}) {  // tmpnam(3), tmpfile(3), gcc, sed -i
    if (!StartsWith(name, prefix) || name.size() != prefix.size() + kMkstemp) continue;
    const std::string_view letters = name.substr(prefix.size());
    if (AllOf(letters, IsAlnum) && LooksLikeChance(letters, letters)) {
      return {prefix.size(), kMkstemp};
    }
  }
  return {};
}

MadeUp FindAtEnd(std::string_view name) {
  for (const Generator& generator : kGenerators) {
    if (!StartsWith(name, generator.prefix)) continue;
    const std::string_view letters = name.substr(generator.prefix.size());
    if (letters.size() < generator.least || letters.size() > generator.most) continue;
    if (AllOf(letters, generator.is_of)) return {generator.prefix.size(), letters.size()};
  }
  if (const MadeUp made_up = FindBehindWord(name); made_up.size > 0) return made_up;
  if (const MadeUp made_up = FindHexGroups(name); made_up.size > 0) return made_up;
  std::size_t begin = name.size();
  while (begin > 0 && IsAlnum(name[begin - 1])) --begin;
  const std::string_view token = name.substr(begin);
  constexpr std::size_t kLonger[] = {8, 10};  // Python, LLVM; Perl, mktemp(1)
  for (const std::size_t size : kLonger) {
    if (token.size() == size && LooksLikeChance(token, token)) return {begin, size};
  }
  if (token.size() < kMkstemp) return {};
  if (!LooksLikeChance(token.substr(token.size() - kMkstemp), token)) return {};
  return {name.size() - kMkstemp, kMkstemp};
}

}  // namespace

// Of a suffix, such as mkstemps(3) leaves behind the letters, nothing counts.
MadeUp FindMadeUp(std::string_view name) {
  constexpr std::size_t kLongestSuffix = 6;
  const MadeUp made_up = FindAtEnd(name);
  if (made_up.size > 0) return made_up;
  const std::size_t dot = name.rfind('.');
  if (dot == name.npos || dot == 0 || name.size() - dot > kLongestSuffix) return {};
  return FindAtEnd(name.substr(0, dot));
}

}  // namespace testcell::posix
