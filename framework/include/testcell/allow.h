// Says that what a test leaves behind is no defect.
//
//   TEST(Cache, KeepsItsFile) {
//     testcell::AllowLeak(testcell::LeakKind::kFile, "/tmp/cache/*", "read at the next start");
//     ...
//   }
//
// Where it is called decides what it holds for:
// - in a test, its fixture, or a SetUpTestSuite or Environment that runs in
//   the cell: for that cell, so for that test, or for the suite's tests where
//   they share their cell;
// - in a SetUpTestSuite that runs in the parent (suites=parent): for the suite;
// - before RUN_ALL_TESTS(), or in an Environment that runs in the parent: for
//   all tests.
// There is no narrower scope, such as a block: leaks are looked for when the
// test is over, and then nobody knows any more which block it was. It may be
// called before or after the leak is made. A test that runs in no cell is not
// looked at, and what it allows is not used.
//
// An allowed leak fails no test; reports show it, with the reason. An
// allowance that matched nothing in the whole run is reported itself.
//
// Threads and forks: call it on the test's own thread; in a process that the
// test forked it does nothing.
#ifndef TESTCELL_ALLOW_H_
#define TESTCELL_ALLOW_H_

#include <string>

#include "testcell/finding.h"

namespace testcell {

// `pattern` has to match the whole of Leak::what, which is what the summary
// shows behind the kind: * stands for anything, ? for one byte, all else for
// itself. `reason` is for whoever reads the report.
void AllowLeak(LeakKind kind, const std::string& pattern, const std::string& reason);

}  // namespace testcell

#endif  // TESTCELL_ALLOW_H_
