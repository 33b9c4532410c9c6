// What a sanitizer says of a test's end, read out of the test's output: how the
// process ended tells no more than a status.
#ifndef TESTCELL_GTEST_SRC_TOOL_REPORT_H_
#define TESTCELL_GTEST_SRC_TOOL_REPORT_H_

#include <string>

namespace testcell {
namespace internal {

class ToolReport {
 public:
  // Whether this program was built with a sanitizer; otherwise nothing is read.
  static bool Present();
  // Of the test whose output is being replayed.
  static ToolReport& Current();

  // The next part of what the test wrote to stdout (1) or stderr (2).
  void Read(int stream, const std::string& part);
  void Forget();
  // The last report's summary, as "AddressSanitizer: heap-use-after-free a.cc:12
  // in f()"; empty without one.
  const std::string& summary() const { return summary_; }

 private:
  void EndLine(std::string* line);

  std::string lines_[2];  // of either stream, that have not ended yet
  std::string summary_;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_TOOL_REPORT_H_
