// The insides of a cell, made by init in its fresh namespaces. Each function
// ends this process with a report when it fails. Async-signal-safe.
#ifndef TESTCELL_SRC_CELL_INSIDES_H_
#define TESTCELL_SRC_CELL_INSIDES_H_

#include "cell/context.h"
#include "posix/unique_fd.h"

namespace testcell::cell {

// All of it, in order. The base tmpfs comes back open (O_PATH). `routes` is a socket that
// init has to keep where the cell may serve others, else nothing.
posix::UniqueFd MakeInsides(const Context& context, posix::UniqueFd* routes);

// mounts.cc
posix::UniqueFd MakeMounts(const Context& context);

// network.cc
void BringUpLoopback(const Context& context, posix::UniqueFd* routes);
void OpenLowPorts(const Context& context);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_INSIDES_H_
