// What a run is like before its first cell.
#ifndef TESTCELL_GTEST_SRC_PRECONDITIONS_H_
#define TESTCELL_GTEST_SRC_PRECONDITIONS_H_

#include "flags.h"
#include "testcell/internal/supervisor.h"

namespace testcell {
namespace internal {

// Names on stderr, once, what this process has by now that no cell will have:
// threads, and sockets that others are to connect to.
void WarnOfThreadsAndSockets();

bool DebuggerAttached();
bool UnderValgrind();

RunSettings MakePluginSettings(const Flags& flags);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_PRECONDITIONS_H_
