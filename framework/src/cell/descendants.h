// The processes below this one, where no namespace of processes holds them
// together. Async-signal-safe.
#ifndef TESTCELL_SRC_CELL_DESCENDANTS_H_
#define TESTCELL_SRC_CELL_DESCENDANTS_H_

namespace testcell::cell {

// Kills them, and waits until all are gone but those of other users, which a
// set-user-id program may have become: what they leave behind comes to this
// process, which has to be a subreaper (PR_SET_CHILD_SUBREAPER).
void EndDescendants();

// False if there are some, and none may be sent a signal.
bool SignalDescendants(int signal);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_DESCENDANTS_H_
