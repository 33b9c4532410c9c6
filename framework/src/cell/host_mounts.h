// What is mounted on the host, as /proc/self/mountinfo tells it.
#ifndef TESTCELL_SRC_CELL_HOST_MOUNTS_H_
#define TESTCELL_SRC_CELL_HOST_MOUNTS_H_

#include <istream>
#include <string>
#include <vector>

#include "probe/places.h"

namespace testcell::cell {

struct HostMount {
  std::string device;  // "8:1"
  std::string root;    // what of its file system is mounted: "/" for all of it
  std::string point;
  std::string type;
  bool writable = false;
};

// In the order in which they were mounted.
std::vector<HostMount> ReadMounts(std::istream& mountinfo);

// Sorted, each once.
std::vector<std::string> MountPoints(const std::vector<HostMount>& mounts);

// Where something that tests write would outlive them: not the kernel's own
// file systems, not those of /run and /dev, and none that asks another machine.
probe::HostFileSystems WatchedFileSystems(const std::vector<HostMount>& mounts);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_HOST_MOUNTS_H_
