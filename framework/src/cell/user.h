// The user namespace that a worker's cells share, and what of its powers a
// test keeps.
#ifndef TESTCELL_SRC_CELL_USER_H_
#define TESTCELL_SRC_CELL_USER_H_

#include "cell/context.h"

namespace testcell::cell {

// Once a worker, before its first cell. False: reported already.
bool EnterUserNamespace(const Context& context, UserMode mode, uid_t uid, gid_t gid);

// Of a user who appears as itself: what a program that it executes keeps, as
// ambient capabilities, is what a test keeps. Async-signal-safe.
bool KeepCapabilities();

// In the test process of a user who appears as itself: gives up what would
// make a test of file permissions meaningless. Async-signal-safe.
void DropFilePermissionBypass(const Context& context);

// Where a test process shall have none: without these a fork begins, so that a thread that
// it starts by itself, by a handler of pthread_atfork(), has none in force either. Later on
// setuid() and its like do in all threads alike what they do in one. Async-signal-safe.
void LowerCapabilities(const Context& context);
void RaiseCapabilities(const Context& context);

// In a test process that shall have no capability and gain none, by whatever it executes.
// Async-signal-safe.
void DropCapabilities(const Context& context);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_USER_H_
