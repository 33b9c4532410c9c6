// A process of the host, without a cell: what --testcell_explain compares with.
//
//   const OutsideRun run = RunOutsideOfCells(limit, [] { std::exit(RUN_ALL_TESTS()); });
//
// Threads and forks: forks this process, whose other threads are not in the new one.
// Blocks until that has ended or the time is over.
#ifndef TESTCELL_GTEST_SRC_OUTSIDE_H_
#define TESTCELL_GTEST_SRC_OUTSIDE_H_

#include <chrono>
#include <functional>
#include <string>

namespace testcell {
namespace internal {

struct OutsideRun {
  std::string error;    // why there was none, as a sentence without an end; empty: there was
  bool ended = false;   // by itself; false: the time was over first
  int status = 0;       // as waitpid(2) gives it
  std::string printed;  // the end of its output
};

// `body` does not return. It goes with this process, and its process group with it.
// limit: 0 is none.
OutsideRun RunOutsideOfCells(std::chrono::milliseconds limit, const std::function<void()>& body);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_OUTSIDE_H_
