// What a GoogleTest program that runs one test prints, without what GoogleTest
// itself says around it.
#ifndef TESTCELL_CLI_SRC_FOREIGN_OUTPUT_FILTER_H_
#define TESTCELL_CLI_SRC_FOREIGN_OUTPUT_FILTER_H_

#include <string>
#include <string_view>
#include <vector>

namespace testcell::cli {

class OutputFilter {
 public:
  explicit OutputFilter(const std::string& full_name);

  // The part of the test's own output that is known to be that by now: all
  // but a possible beginning of the line that ends it.
  std::string Feed(std::string_view bytes);
  // What was held back, where no more comes.
  std::string Finish();

  bool started() const { return phase_ != Phase::kBefore; }
  bool ended() const { return phase_ == Phase::kAfter; }
  // What the program printed outside of the test, GoogleTest's lines left out.
  std::string Outside() const;

 private:
  enum class Phase { kBefore, kTest, kAfter };

  std::string TakeTest();

  const std::string start_;
  std::vector<std::string> ends_;
  Phase phase_ = Phase::kBefore;
  std::string before_;
  std::string held_;
  std::string after_;
};

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_FOREIGN_OUTPUT_FILTER_H_
