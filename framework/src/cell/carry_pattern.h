// The patterns that say which files are carried back from copy-on-write
// directories: shell patterns, read as .gitignore reads its own.
//
//   log          a file or directory of that name, in any directory
//   out/*.txt    below the directory that is copy-on-write, or the working one
//   /srv/**/a    an absolute path; ** stands for any number of directories
//
// *, ? and [...] don't match a slash. What matches a directory takes
// everything in it.
#ifndef TESTCELL_SRC_CELL_CARRY_PATTERN_H_
#define TESTCELL_SRC_CELL_CARRY_PATTERN_H_

#include <string>
#include <string_view>
#include <vector>

namespace testcell::cell {

class CarryPattern {
 public:
  // Empty, or why it is none, as the end of a sentence: "is empty".
  static std::string Check(const std::string& text);

  explicit CarryPattern(const std::string& text);

  bool absolute() const { return absolute_; }
  // `path` without a slash at its ends: below "/" for an absolute pattern, else
  // below a directory. Looks at no directory above the path.
  bool Matches(std::string_view path) const;

  // The directories that an absolute pattern names before its first wildcard,
  // "/a/b"; the whole of a pattern without one.
  std::string Prefix() const;

 private:
  bool absolute_;
  bool any_directory_ = false;  // one name, wherever it stands
  std::vector<std::string> names_;
};

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_CARRY_PATTERN_H_
