// A cell that is kept after its test has failed, found again and entered from
// anywhere on the host: by the process id of its init.
//
//   std::string error = EnterKeptCell(4711);
//   if (error.empty() && fork() == 0) execlp("sh", "sh", nullptr);  // inside
//
// Between the framework and what is built on it, of one version only: nothing
// here is for users. Threads and forks: for a process of one thread, which is in
// the cell's namespaces afterwards, and its next children in its process ids.
#ifndef TESTCELL_INTERNAL_KEPT_CELL_H_
#define TESTCELL_INTERNAL_KEPT_CELL_H_

#include <string>
#include <vector>

namespace testcell {
namespace internal {

// The name that init of a kept cell has in /proc/PID/comm.
constexpr char kKeptCellName[] = "testcell-kept";

// All that can be seen from here, in order.
std::vector<int> KeptCells();

// Who enters is the cell's user, in the test's working directory, with the
// test's capabilities. Empty, or why not and what can be done, as a sentence.
std::string EnterKeptCell(int id);

// False once it has ended.
bool IsKeptCell(int id);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_KEPT_CELL_H_
