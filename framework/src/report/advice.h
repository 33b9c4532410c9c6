// What to do about conflicts where tests run without cells.
#ifndef TESTCELL_SRC_REPORT_ADVICE_H_
#define TESTCELL_SRC_REPORT_ADVICE_H_

#include <string>
#include <vector>

#include "testcell/internal/report.h"

namespace testcell::report {

// Without those that follow from others: of paths below a path that the same
// tests collide on already.
std::vector<Conflict> WithoutImplied(const std::vector<Conflict>& conflicts);

// A CMake command for each set of tests that need the same locks, in lines of
// at most `width` columns where names allow it.
struct LockAdvice {
  std::vector<std::string> lines;
  int tests = 0;
};
std::vector<LockAdvice> CTestLocks(const std::vector<Conflict>& conflicts, int width);

// What would collide by `ctest -j`, without what is implied: tests by the names that
// they have there.
std::vector<Conflict> ForCTest(const Run& run);

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_ADVICE_H_
