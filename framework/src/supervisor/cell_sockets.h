// The sockets of a cell that lives, as a list for people.
#ifndef TESTCELL_SRC_SUPERVISOR_CELL_SOCKETS_H_
#define TESTCELL_SRC_SUPERVISOR_CELL_SOCKETS_H_

#include <sys/types.h>

#include <string>

namespace testcell::supervisor {

// A line each: TCP and UDP sockets, Unix sockets with a name, and who holds them
// by its process id in the cell. This process is in the cell's network afterwards,
// and has to be of one thread for an ordinary user's cell; so it is for a
// child that ends soon. Empty, and *error, where it can't be had.
std::string DescribeSockets(pid_t init, std::string* error);

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_CELL_SOCKETS_H_
