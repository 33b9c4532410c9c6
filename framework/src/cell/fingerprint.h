// What a process without capabilities can change in a cell, or in its init, and no probe
// looks at, as one number.
//
// Of the network: whether a packet has moved, which is what leaves connections that
// linger, routes, neighbours and metrics; sockets of any family that are still there,
// with or without a process; flow labels. Of init: limits, scheduling, cgroups. Of the
// private file systems: rights, owners, times and attributes of the directories that
// were there before, and the content of /etc/hosts.
#ifndef TESTCELL_SRC_CELL_FINGERPRINT_H_
#define TESTCELL_SRC_CELL_FINGERPRINT_H_

#include <cstdint>

#include "cell/plan.h"
#include "probe/places.h"

namespace testcell::cell {

// In init, while no test runs. 0: it can't be had. Async-signal-safe.
std::uint64_t Fingerprint(const Plan& plan, const probe::PlaceFds& fds);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_FINGERPRINT_H_
