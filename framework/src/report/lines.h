// Findings in a few words.
#ifndef TESTCELL_SRC_REPORT_LINES_H_
#define TESTCELL_SRC_REPORT_LINES_H_

#include <string>
#include <vector>

#include "testcell/finding.h"

namespace testcell::report {

// "file: /tmp/state", and where it stays.
std::string Description(const Leak& leak);

// "parent 2, age 30 ms": in the probe's words and order.
std::string Details(const Leak& leak);

// "A.a, A.b and 3 more"
std::string Names(const std::vector<std::string>& names);

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_LINES_H_
