#include "report/run_wide.h"

#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "report/escape.h"

namespace testcell::report {
namespace {

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

bool EndsWith(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// Whether the number that follows `before` is an id.
bool IsId(const std::string& before, std::string_view digits) {
  for (const char* const word : {"pid ", "tid ", "thread ", "fd ", "id ", ":["}) {
    if (EndsWith(before, word)) return true;
  }
  constexpr int kFirstEphemeralPort = 32768;  // ip(7), ip_local_port_range
  return EndsWith(before, ":") && digits.size() <= 5 &&
         std::atoi(std::string(digits).c_str()) >= kFirstEphemeralPort;
}

// Six letters and digits with both, or with both cases, behind a separator or
// a word: "log.aX3b9Q".
bool LooksRandom(std::string_view six) {
  int changes = 0;
  int before = 0;
  for (const char letter : six) {
    const auto c = static_cast<unsigned char>(letter);
    const int kind = std::isdigit(c) != 0 ? 1 : std::isupper(c) != 0 ? 2 : 3;
    if (std::isalnum(c) == 0) return false;
    changes += before != 0 && kind != before ? 1 : 0;
    before = kind;
  }
  return changes >= 2;
}

// In each component of a path.
std::string WithoutRandomEnds(const std::string& text) {
  constexpr std::size_t kRandom = 6;
  std::string result;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    std::size_t end = text.find_first_of("/ ", begin);
    if (end == std::string::npos) end = text.size();
    std::string_view word(text.data() + begin, end - begin);
    if (word.size() > kRandom && LooksRandom(word.substr(word.size() - kRandom))) {
      result.append(word.substr(0, word.size() - kRandom)) += "XXXXXX";
    } else {
      result.append(word);
    }
    if (end < text.size()) result += text[end];
    begin = end + 1;
  }
  return result;
}

}  // namespace

std::string Alike(const std::string& what) {
  std::string result;
  for (std::size_t i = 0; i < what.size();) {
    if (!IsDigit(what[i])) {
      result += what[i++];
      continue;
    }
    std::size_t end = i;
    while (end < what.size() && IsDigit(what[end])) ++end;
    const std::string_view digits(what.data() + i, end - i);
    if (IsId(result, digits)) {
      result += '#';
    } else {
      result.append(digits);
    }
    i = end;
  }
  return WithoutRandomEnds(result);
}

std::vector<RunLeak> TakeRunWide(std::vector<Test>* tests) {
  // Alike also in whether somebody has allowed it.
  using Key = std::tuple<LeakKind, std::string, std::string>;
  struct Left {
    std::set<std::size_t> by;
    bool taken = false;
  };
  constexpr std::size_t kFewest = 3;
  const auto key_of = [](const Leak& leak) {
    return Key(leak.kind, Alike(leak.what), leak.allowed);
  };
  std::map<Key, Left> left;
  std::size_t examined = 0;
  for (std::size_t i = 0; i < tests->size(); ++i) {
    examined += (*tests)[i].examined ? 1 : 0;
    for (const Leak& leak : (*tests)[i].leaks) {
      if (!IsEscape(leak)) left[key_of(leak)].by.insert(i);
    }
  }
  std::vector<RunLeak> result;
  for (std::size_t i = 0; i < tests->size(); ++i) {
    std::vector<Leak> own;
    for (Leak& leak : (*tests)[i].leaks) {
      const auto entry = left.find(key_of(leak));
      if (IsEscape(leak) || entry->second.by.size() < kFewest ||
          2 * entry->second.by.size() <= examined) {
        own.push_back(std::move(leak));
        continue;
      }
      if (std::exchange(entry->second.taken, true)) continue;
      RunLeak run_wide;
      run_wide.leak = std::move(leak);
      for (const std::size_t test : entry->second.by) {
        run_wide.tests.push_back((*tests)[test].FullName());
      }
      result.push_back(std::move(run_wide));
    }
    (*tests)[i].leaks = std::move(own);
  }
  return result;
}

}  // namespace testcell::report
