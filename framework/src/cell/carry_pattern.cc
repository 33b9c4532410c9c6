#include "cell/carry_pattern.h"

#include <fnmatch.h>

#include <algorithm>

#include "posix/wildcards.h"

namespace testcell::cell {
namespace {

// Slashes in a row count as one.
std::vector<std::string> Split(std::string_view path) {
  std::vector<std::string> names;
  std::size_t begin = 0;
  while (begin < path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) names.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

}  // namespace

std::string CarryPattern::Check(const std::string& text) {
  if (text.empty()) return "is empty";
  const std::vector<std::string> names = Split(text);
  if (names.empty()) return "names no file; '*' names them all";
  for (const std::string& name : names) {
    if (name == "." || name == "..") return "has a '" + name + "'; write the path without";
  }
  return {};
}

CarryPattern::CarryPattern(const std::string& text)
    : absolute_(text[0] == '/'), names_(Split(text)) {
  // A slash at the end is a directory's, and no path to it.
  any_directory_ = !absolute_ && names_.size() == 1;
}

bool CarryPattern::Matches(std::string_view path) const {
  if (any_directory_) {
    const std::string name(path.substr(path.rfind('/') + 1));
    return names_[0] == "**" || ::fnmatch(names_[0].c_str(), name.c_str(), 0) == 0;
  }
  const std::vector<std::string> names = Split(path);
  return posix::MatchesWildcards(
      names_.size(), names.size(), [&](std::size_t i) { return names_[i] == "**"; },
      [&](std::size_t i, std::size_t j) {
        return ::fnmatch(names_[i].c_str(), names[j].c_str(), 0) == 0;
      });
}

std::string CarryPattern::Prefix() const {
  std::string prefix;
  for (const std::string& name : names_) {
    if (name.find_first_of("*?[\\") != name.npos) break;
    prefix += "/" + name;
  }
  return prefix;
}

}  // namespace testcell::cell
