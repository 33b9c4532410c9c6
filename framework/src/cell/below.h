// Which of two paths lies below the other. Allocates nothing.
#ifndef TESTCELL_SRC_CELL_BELOW_H_
#define TESTCELL_SRC_CELL_BELOW_H_

#include <string>

namespace testcell::cell {

// Absolute paths, without a slash at the end.
inline bool IsBelow(const std::string& path, const std::string& directory) {
  if (directory == "/") return path.size() > 1;
  return path.size() > directory.size() && path[directory.size()] == '/' &&
         path.compare(0, directory.size(), directory) == 0;
}

inline bool IsAtOrBelow(const std::string& path, const std::string& directory) {
  return path == directory || IsBelow(path, directory);
}

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_BELOW_H_
