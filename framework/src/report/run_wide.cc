#include "report/run_wide.h"

#include <cctype>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "posix/made_up.h"
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

// In each component of a path.
std::string WithoutMadeUp(const std::string& text) {
  std::string result;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    std::size_t end = text.find_first_of("/ ", begin);
    if (end == std::string::npos) end = text.size();
    std::string word(text, begin, end - begin);
    const posix::MadeUp made_up = posix::FindMadeUp(word);
    result += word.replace(made_up.begin, made_up.size, made_up.size, 'X');
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
  return WithoutMadeUp(result);
}

std::vector<RunLeak> TakeRunWide(const Families& families, std::vector<Test>* tests) {
  // Alike also in whether somebody has allowed it.
  using Key = std::tuple<LeakKind, std::string, std::string>;
  struct Left {
    std::set<std::size_t> by;
    bool taken = false;
  };
  constexpr std::size_t kFewest = 3;
  const auto key_of = [&](const Leak& leak) {
    return Key(leak.kind, Alike(families.Mask(leak.what)), leak.allowed);
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
