// Mounts that a test made in its cell and left.
#ifndef TESTCELL_SRC_PROBE_MOUNTS_H_
#define TESTCELL_SRC_PROBE_MOUNTS_H_

#include <cstdint>

#include "probe/sink.h"

namespace testcell::probe {

// The kernel numbers mounts in the order in which they are made, and never
// gives a number twice (listmount(2), Linux 6.8). 0: it doesn't.
// Async-signal-safe, both.
std::uint64_t NewestMount();
void ReportMounts(std::uint64_t newest_before, Sink* sink);

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_MOUNTS_H_
