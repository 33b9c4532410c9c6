// A GoogleTest program that knows nothing of testcell: how it is asked for its
// tests, and how it is started for one of them.
#ifndef TESTCELL_CLI_SRC_FOREIGN_PROGRAM_H_
#define TESTCELL_CLI_SRC_FOREIGN_PROGRAM_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace testcell::cli {

struct ForeignTest {
  std::string suite;
  std::string name;
  std::optional<std::string> type_parameter;
  std::optional<std::string> value_parameter;
  std::string file;  // empty: the program does not tell
  int line = -1;

  std::string FullName() const { return suite + "." + name; }
};

class ForeignProgram {
 public:
  // `words`: as the user wrote it, with its own arguments.
  explicit ForeignProgram(std::vector<std::string> words);

  const std::string& path() const { return path_; }  // absolute

  // All tests, in the program's order. Empty, or why there are none to be had.
  std::string List(std::vector<ForeignTest>* tests) const;

  // Started for one test: stdout to `output`, stderr there, too, if `both`;
  // the report to the file behind `report`. -1 and errno.
  pid_t Start(const std::string& filter, int output, bool both, int report) const;

 private:
  pid_t Execute(const std::vector<std::string>& flags, int output, bool both, int report) const;

  std::vector<std::string> words_;
  std::string path_;
  std::vector<std::string> environment_;
};

// GoogleTest's flag for one of `tests` alone. A name's characters that are
// special in a filter stand for any; what they would let in is kept out.
std::string FilterFor(const ForeignTest& test, const std::vector<ForeignTest>& tests);

// --gtest_list_tests as text, for versions that write no report of it.
std::vector<ForeignTest> ParseList(const std::string& text);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_FOREIGN_PROGRAM_H_
