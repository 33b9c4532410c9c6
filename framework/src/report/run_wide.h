// What most tests of a run leave alike is the program's doing, not theirs.
#ifndef TESTCELL_SRC_REPORT_RUN_WIDE_H_
#define TESTCELL_SRC_REPORT_RUN_WIDE_H_

#include <string>
#include <vector>

#include "report/families.h"
#include "testcell/internal/report.h"

namespace testcell::report {

// A leak's name without what differs from cell to cell: process and thread
// ids, descriptors' and inodes' numbers, ports that the kernel chose, and the
// letters that mkstemp(3) fills in.
std::string Alike(const std::string& what);

// Takes out of the tests, and gives back once, the leaks that more than half
// of those that had a cell left alike, and at least three did. Escapes stay:
// they are on the host, and whose they are matters.
std::vector<RunLeak> TakeRunWide(const Families& families, std::vector<Test>* tests);

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_RUN_WIDE_H_
