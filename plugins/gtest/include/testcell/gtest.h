// GoogleTest in cells: every test case in Linux namespaces of its own, many
// at once, with GoogleTest's own console, listeners, XML and JSON.
//
// With a main of your own:
//
//   #include <testcell/gtest.h>
//
//   int main(int argc, char** argv) {
//     testcell::InitGoogleTest(&argc, argv);
//     return RUN_ALL_TESTS();
//   }
//
// Without one link testcell::gtest_main in place of GTest::gtest_main. For
// some suites only, derive their fixtures from testcell::Test and run with
// --testcell_isolate=marked.
//
// Threads and forks: call everything here from the thread that calls
// RUN_ALL_TESTS(), before it does. Test processes are forked from that
// thread: threads that exist by then are not in them, and a warning names
// them. Static destructors and exit handlers don't run in a test process.
#ifndef TESTCELL_GTEST_H_
#define TESTCELL_GTEST_H_

#include <gtest/gtest.h>

#include "testcell/allow.h"
#include "testcell/internal/fixture.h"
#include "testcell/options.h"

namespace testcell {

// testing::InitGoogleTest, and testcell's own flags: --testcell_NAME=VALUE is
// taken out of argv, TESTCELL_NAME is read from the environment; the flag
// wins. Ends the program with status 2 and a message if one of them is bad.
void InitGoogleTest(int* argc, char** argv);
void InitGoogleTest();

// The value of a flag that neither the command line nor the environment
// gives: SetDefault("isolate", "marked"). Before InitGoogleTest, which ends
// the program if the name or the value is bad.
void SetDefault(const char* flag, const char* value);

// The Options of suites whose fixture has no CellOptions(). Copied. Before
// RUN_ALL_TESTS().
void SetDefaultOptions(const Options& options);

// A listener that sees a test's events in its cell, where it may prepare
// state for the test, and fail it, whatever --testcell_listeners says; it
// sees none in the parent. Takes ownership. Before RUN_ALL_TESTS().
void AddCellListener(::testing::TestEventListener* listener);

// True in a test process, so that code which main shares with tests can tell.
bool InCell();

}  // namespace testcell

#endif  // TESTCELL_GTEST_H_
