// From a server's options to what execve(2) wants.
//
// Threads and forks: reads the environment and the file system, keeps nothing.
#ifndef TESTCELL_SRC_SERVER_PROGRAM_H_
#define TESTCELL_SRC_SERVER_PROGRAM_H_

#include "server/launch.h"
#include "testcell/server.h"

namespace testcell::server {

// The program with its absolute path and whole environment. Throws
// std::runtime_error where there is no such program or it can't be executed.
Program Resolve(const ServerOptions& options);

}  // namespace testcell::server

#endif  // TESTCELL_SRC_SERVER_PROGRAM_H_
