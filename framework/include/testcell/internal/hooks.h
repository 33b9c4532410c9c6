// What a plugin for a test framework tells the framework-neutral side.
//
//   testcell::internal::SetTestFailedQuery(
//       [] { return testing::Test::HasFailure(); });
//
// Threads and forks: may be called from any thread; a forked child inherits
// what is set.
#ifndef TESTCELL_INTERNAL_HOOKS_H_
#define TESTCELL_INTERNAL_HOOKS_H_

#include <string>
#include <utility>
#include <vector>

#include "testcell/finding.h"

namespace testcell::internal {

// `query` answers whether the test that is running has failed so far. It is
// called on the thread that stops a testcell::Server, and must not throw.
// Null, which is also the start: nobody knows, nothing counts as failed.
void SetTestFailedQuery(bool (*query)());

// What the query says; false without one.
bool TestHasFailed();

// What testcell::AllowLeak said outside of cells, each with the suite that it
// holds for; empty: all. From the thread that runs the tests only.
using ScopedAllowances = std::vector<std::pair<Allowance, std::string>>;
const ScopedAllowances& AllowancesOutsideCells();

// For whom it speaks from now on: null for nobody, "" for all tests.
void SetAllowanceScope(const char* suite);

}  // namespace testcell::internal

#endif  // TESTCELL_INTERNAL_HOOKS_H_
