// The process that takes files out of cells that are gone, so that a big file
// or a slow disk holds up nothing else. It is forked once a run, where a plan
// wants it.
#ifndef TESTCELL_SRC_SUPERVISOR_HARVESTER_H_
#define TESTCELL_SRC_SUPERVISOR_HARVESTER_H_

#include <sys/types.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cell/plan.h"
#include "posix/unique_fd.h"
#include "supervisor/carry.h"

namespace testcell::supervisor {

class Harvester {
 public:
  // What there is to do for one unit.
  struct Job {
    int unit = -1;
    std::string name;  // of its test, for people
    int plan = -1;
    bool working_directory_shared = false;
    posix::UniqueFd base;  // the base tmpfs of its cell, which is gone
  };
  struct Harvest {
    int unit = -1;
    Carried carried;
  };

  // Forks. The plans are those of now. Throws std::system_error.
  explicit Harvester(const std::vector<std::unique_ptr<cell::Plan>>& plans);
  // Waits for the job in hand, drops the others, and lets the host have what
  // was taken. The same happens where this process dies.
  ~Harvester();
  Harvester(const Harvester&) = delete;
  Harvester& operator=(const Harvester&) = delete;

  void Add(Job job);
  // To poll for reading; -1 once the process has died.
  int fd() const { return socket_.get(); }
  // The next that is complete, in the order of Add. Does not block.
  std::optional<Harvest> Take();
  // Lets the host have what was taken, once all jobs are done; what went wrong
  // comes back, as sentences without an end. Blocks.
  std::vector<std::string> Settle();

 private:
  // The next answer. False: none waits, or the process has died.
  bool Receive(int flags, bool* done);
  void SendNext();

  pid_t pid_ = -1;
  posix::UniqueFd socket_;
  std::deque<Job> jobs_;  // the first is in hand
  bool sent_ = false;
  Carried carried_;  // of the job in hand, so far
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_HARVESTER_H_
