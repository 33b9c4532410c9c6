// One way to match patterns with stars, whatever their parts are: characters, or
// names between slashes.
//
//   MatchesWildcards(pattern.size(), text.size(),
//                    [&](std::size_t i) { return pattern[i] == '*'; },
//                    [&](std::size_t i, std::size_t j) { return pattern[i] == text[j]; });
//
// Threads and forks: locks nothing and allocates nothing.
#ifndef TESTCELL_SRC_POSIX_WILDCARDS_H_
#define TESTCELL_SRC_POSIX_WILDCARDS_H_

#include <cstddef>
#include <optional>

namespace testcell::posix {

// `is_star(part of the pattern)` stands for any number of the text's parts,
// `matches(part of the pattern, part of the text)` for one of them. Only the last
// star is ever tried again, so that many of them don't take for ever: what the
// ones before have taken can be as little as it was.
template <typename IsStar, typename Matches>
bool MatchesWildcards(std::size_t pattern_size, std::size_t text_size, const IsStar& is_star,
                      const Matches& matches) {
  std::size_t pattern = 0;
  std::size_t text = 0;
  std::optional<std::size_t> star;
  std::size_t star_text = 0;
  while (text < text_size) {
    if (pattern < pattern_size && is_star(pattern)) {
      star = pattern++;
      star_text = text;
    } else if (pattern < pattern_size && matches(pattern, text)) {
      ++pattern;
      ++text;
    } else if (star) {
      pattern = *star + 1;
      text = ++star_text;
    } else {
      return false;
    }
  }
  while (pattern < pattern_size && is_star(pattern)) ++pattern;
  return pattern == pattern_size;
}

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_WILDCARDS_H_
