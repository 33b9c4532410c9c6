// What --testcell_explain prints: its runs as they end, and what they show.
#ifndef TESTCELL_GTEST_SRC_EXPLAIN_REPORT_H_
#define TESTCELL_GTEST_SRC_EXPLAIN_REPORT_H_

#include <cstddef>
#include <string>

#include "experiment.h"

namespace testcell {
namespace internal {

// To stdout, in 80 columns.
class ExplainReport {
 public:
  // Behind "[ testcell ] ".
  void Say(const std::string& text);
  // Below that.
  void Add(const std::string& text);
  // "  run  3  passed   after Suite.Test"
  void Row(int run, const Observation& seen, const std::string& what);
  // What the test said in that run, in a few lines, if anything.
  void Quote(const std::string& title, const Observation& seen);

 private:
  void Wrapped(const std::string& first, std::size_t indent, const std::string& text);
  void Lines(const std::string& text, std::size_t most, bool from_the_end);
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_EXPLAIN_REPORT_H_
