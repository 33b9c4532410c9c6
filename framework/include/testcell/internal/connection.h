// Whom the processes of a cell connect to, and whether somebody is there.
//
//   for (const Connection& connection : event.connections)
//     if (IsServed(connection)) std::cout << connection.name << " is a service of this host\n";
//
// Between a plugin and the framework of one version only: nothing here is for
// users. Threads and forks: plain data, and a function that asks the kernel.
#ifndef TESTCELL_INTERNAL_CONNECTION_H_
#define TESTCELL_INTERNAL_CONNECTION_H_

#include <string>

#include "testcell/finding.h"

namespace testcell {
namespace internal {

struct Connection {
  UseKind kind = UseKind::kTcp;  // or kUdp, kUnixAbstract
  std::string name;              // "127.0.0.1:5432", "[::1]:80", "@name"
};

// By a socket of this process's network that waits for it now.
bool IsServed(const Connection& connection);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_CONNECTION_H_
