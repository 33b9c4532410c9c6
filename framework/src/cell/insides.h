// The insides of a cell, made by init in its fresh namespaces. Each function
// ends this process with a report when it fails. Async-signal-safe.
#ifndef TESTCELL_SRC_CELL_INSIDES_H_
#define TESTCELL_SRC_CELL_INSIDES_H_

#include "cell/context.h"

namespace testcell::cell {

// All of it, in order.
void MakeInsides(const Context& context);

// mounts.cc
void MakeMounts(const Context& context);

// network.cc
void BringUpLoopback(const Context& context);
void OpenLowPorts(const Context& context);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_INSIDES_H_
