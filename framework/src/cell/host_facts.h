// What of the host a plan depends on: the facts of this process, and what a test
// may take for granted, as paths that the environment names and the families of
// the host's addresses.
#ifndef TESTCELL_SRC_CELL_HOST_FACTS_H_
#define TESTCELL_SRC_CELL_HOST_FACTS_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "probe/places.h"

namespace testcell::cell {

struct HostFacts {
  uid_t uid = 0;
  gid_t gid = 0;
  int pid_max = 0;  // above all process ids; 0: not known
  // May make namespaces without one of users. Root of a container often may not, and
  // then makes cells as an ordinary user does.
  bool privileged = false;
  // Of somebody's user namespace, a container's most often: root there is not
  // the root that the host's mounts belong to.
  bool in_user_namespace = false;
  std::string cwd;                   // canonical; empty where it is gone
  std::string program;               // canonical path of this program
  std::vector<std::string> visible;  // of the caller, as they are and canonical
  std::string hosts;                 // content of /etc/hosts
  bool hosts_exist = false;
  std::vector<std::string> mount_points;
  probe::HostFileSystems file_systems;  // that tests may write to
  // Of the environment; all of them exist, and are canonical.
  std::vector<std::string> temporaries;  // directories that stand for /tmp
  std::vector<std::string> outputs;      // files and directories that outlive the test
  // Whether an interface has an address other than 127.0.0.1 and ::1.
  bool has_ipv4 = false;
  bool has_ipv6 = false;
};

// Without symbolic links; empty where there is nothing of that name.
std::string Canonical(const char* path);

// Read once a run.
HostFacts ReadHostFacts(const std::vector<std::string>& visible);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_HOST_FACTS_H_
