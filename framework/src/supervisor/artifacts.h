// What is kept of a failed test: a directory with its output, its files, and
// what its cell looked like at its end.
#ifndef TESTCELL_SRC_SUPERVISOR_ARTIFACTS_H_
#define TESTCELL_SRC_SUPERVISOR_ARTIFACTS_H_

#include <sys/types.h>

#include <string>

#include "cell/plan.h"
#include "posix/unique_fd.h"
#include "supervisor/output_copy.h"
#include "testcell/outcome.h"

namespace testcell::supervisor {

// A name for a file, of any test's name: different for different names.
std::string FileName(const std::string& test);

// All that there is of a test whose cell is held, or gone.
struct Remains {
  std::string directory;  // of all tests' artifacts; absolute
  std::string test;
  int attempt = 1;
  Outcome outcome;
  std::string failures;  // for people
  const OutputCopy* output = nullptr;
  bool one_output = false;  // stdout and stderr are one
  const cell::Plan* plan = nullptr;
  bool working_directory_shared = false;
  int base = -1;          // the cell's base tmpfs
  int packets = -1;       // of cell::OpenCapture(); -1: there was no capture
  int capture_error = 0;  // errno of why not
  pid_t init = -1;        // -1: the cell is gone
};

// Where they go, or are: below its directory, a name for each failed attempt.
std::string ArtifactPath(const Remains& remains);

// Writes them, in place of those that an earlier run has left there. Empty, or
// what went wrong. Changes this process's namespaces: for a child.
std::string WriteArtifacts(const Remains& remains);

// A child that does so, since files may be big and disks slow.
class Collector {
 public:
  // Forks. Throws std::system_error.
  explicit Collector(const Remains& remains);
  // Waits for it.
  ~Collector() { static_cast<void>(Await()); }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // Readable once it is done, or has said what went wrong.
  int fd() const { return answer_.get(); }
  // Blocks. Empty, or what went wrong.
  std::string Await();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  pid_t pid_ = -1;
  posix::UniqueFd answer_;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_ARTIFACTS_H_
