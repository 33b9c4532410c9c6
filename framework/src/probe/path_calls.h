// The system calls by which files are written, made and removed: for init,
// which is asked about each before it is carried out (call_watch.h), where the
// kernel does not let it watch the file systems themselves.
#ifndef TESTCELL_SRC_PROBE_PATH_CALLS_H_
#define TESTCELL_SRC_PROBE_PATH_CALLS_H_

#include <cstddef>
#include <cstdint>

#include "probe/escape_watch.h"

struct seccomp_notif;
struct sock_filter;

namespace testcell::probe {

// All of it is async-signal-safe and allocates nothing.

inline constexpr std::size_t kMaxPathFilter = 96;

// Instructions that let the kernel ask about these calls, and go on behind them
// for all others. Of calls that open files, for those that may write. The
// number of the call is loaded before and after. How many there are.
// `untold`: only about those that no event of files tells of.
std::size_t PathFilter(bool untold, sock_filter (&code)[kMaxPathFilter]);

// What the call means to do.
void NotePaths(const seccomp_notif& call, EscapeWatch* escapes);

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_PATH_CALLS_H_
