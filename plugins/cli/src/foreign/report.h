// What a GoogleTest program's XML says of one of its tests.
#ifndef TESTCELL_CLI_SRC_FOREIGN_REPORT_H_
#define TESTCELL_CLI_SRC_FOREIGN_REPORT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "program.h"

namespace testcell::cli {

struct ForeignPart {
  bool skip = false;  // else a failure
  std::string file;
  int line = -1;
  std::string message;
};

struct ForeignResult {
  bool ran = false;
  int tests_run = 0;  // this one and others
  bool failed = false;
  std::vector<ForeignPart> parts;
  // Of set-ups and tear-downs around the test.
  std::vector<ForeignPart> other_failures;
  std::vector<std::pair<std::string, std::string>> properties;
  std::int64_t elapsed_ms = 0;
};

// Of a text that is no report: nothing ran.
ForeignResult ReadResult(const std::string& xml, const ForeignTest& test);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_FOREIGN_REPORT_H_
