// What the probes of a cell need to know of its plan.
#ifndef TESTCELL_SRC_PROBE_PLACES_H_
#define TESTCELL_SRC_PROBE_PLACES_H_

#include <cstddef>
#include <string>
#include <vector>

namespace testcell::probe {

// What is looked for; nothing else costs anything.
struct Switches {
  bool leaks = false;
  bool strict = false;  // leaks: and changed process state
  bool uses = false;
  bool all_uses = false;     // and those that cost more to see
  bool connections = false;  // by themselves: without leaks and uses

  bool any() const { return leaks || uses || connections; }
};

inline constexpr std::size_t kNoLower = static_cast<std::size_t>(-1);
inline constexpr std::size_t kMaxHostPaths = 128;

// A file system of the host that tests may write to.
struct HostFileSystem {
  std::vector<std::string> mounts;  // directories where it is, the best first
  // Where the kernel does not tell of its names: no harm is done by opening what
  // was written.
  bool may_be_opened = false;
};
using HostFileSystems = std::vector<HostFileSystem>;

// A directory of the cell whose files are its own.
struct Tree {
  std::string path;  // as the test sees it
  std::string name;  // in the base tmpfs; empty: /dev/shm, a file system of its own
  // Of a copy-on-write directory: which of the plan's open paths it lies over,
  // and where below that.
  std::size_t lower = kNoLower;
  std::string lower_prefix;
  bool discarded = false;          // lies over a directory of the host that is not changed
  bool shm = false;                // POSIX shared memory lives there
  bool working_directory = false;  // left out where that is shared
};

struct Places {
  std::vector<Tree> trees;
  // In the trees before the test: where something is bound.
  std::vector<std::string> given;
  std::vector<std::string> shared;  // the host's, by Options: to write there is no escape
  std::vector<bool> lowers;         // of the plan's open paths, which are a tree's lower
  std::string host_name;            // empty: the host's
  bool own_processes = true;
  bool own_proc = true;  // and so shows the cell's processes, by the ids that they know
  bool own_mounts = true;
  bool own_net = true;
  bool own_ipc = true;
};

// Descriptors of init that lead past all mounts; -1: none.
struct PlaceFds {
  int base = -1;    // the base tmpfs
  int shm = -1;     // /dev/shm, where that is a file system of its own
  int mqueue = -1;  // the root of this IPC namespace's queues
  int proc = -1;    // /proc of this PID namespace
  int host_paths[kMaxHostPaths];
  bool working_directory_shared = false;
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_PLACES_H_
