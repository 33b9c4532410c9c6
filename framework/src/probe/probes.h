// The probes, a function for each kind of leak or use, and a file for each
// function. All of them are async-signal-safe and allocate nothing: init must
// not, and a test may have ruined its own heap.
#ifndef TESTCELL_SRC_PROBE_PROBES_H_
#define TESTCELL_SRC_PROBE_PROBES_H_

#include <sys/types.h>

#include <cstdint>

#include "probe/fd_table.h"
#include "probe/libc_threads.h"
#include "probe/port_watch.h"
#include "probe/seen.h"
#include "probe/shared.h"
#include "probe/sink.h"

namespace testcell::probe {

// Which of a probe's two sides are wanted. `seen`: what was reported as a use
// already, under an earlier user's name.
struct Wanted {
  bool leaks = false;
  bool uses = false;
  Seen* seen = nullptr;
};

// In init, once the test process is gone and waitpid(2) has found others.
// processes.cc: `proc` as in PlaceFds.
void ReportProcesses(int proc, const Shared& shared, pid_t test, Sink* sink);
// sockets.cc: those that the remaining processes hold.
void ReportSockets(int proc, const Shared& shared, const FdTable& before, Sink* sink);

// In init, for uses: what is bound right now in the cell's own network.
// bound_names.cc
void NoteBoundPorts(PortWatch* ports, Seen* seen, Sink* sink);
void NoteAbstractNames(Seen* seen, Sink* sink);
void NoteAbstractName(const posix::UnixSocket& socket, Seen* seen, Sink* sink);

// In init: of its namespaces.
// sysv.cc
void ReportSysv(Wanted wanted, Sink* sink);
// message_queues.cc: `root` leads to the queues' file system; -1: none is mounted.
void ReportMessageQueues(int root, Wanted wanted, Sink* sink);
// interfaces.cc: `base` as in PlaceFds.
void ReportInterfaces(int base, Sink* sink);
// host_name.cc
void ReportHostName(const char* expected, Wanted wanted, Sink* sink);

// In the test process. Its /proc may be another one by now, or none: what can't be
// told without it is noted in `shared`.
// children.cc: zombies; the children that run are noted for init.
void ReportZombies(Shared* shared, Sink* sink);
// threads.cc
void ReportThreads(const LibcData& libc, Shared* shared, Sink* sink);
// descriptors.cc: for uses, the names and ports of sockets that are still open
// are noted for init.
void ReportDescriptors(const FdTable& before, Wanted wanted, Shared* shared, Sink* sink);

// Names that mkstemp(3) and its like have made, by their looks.
bool LooksRandom(std::string_view path);

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_PROBES_H_
