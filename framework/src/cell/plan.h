// A plan: Options and what the host looks like, resolved in the supervisor to
// what init has to do, so that the forked side needs neither to allocate nor
// to decide.
#ifndef TESTCELL_SRC_CELL_PLAN_H_
#define TESTCELL_SRC_CELL_PLAN_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cell/carry_pattern.h"
#include "cell/host_facts.h"
#include "cell/part.h"
#include "cell/step.h"
#include "probe/places.h"
#include "testcell/options.h"
#include "testcell/outcome.h"

namespace testcell::cell {

// How a worker enters the user namespace that its cells share.
enum class UserMode : std::uint32_t {
  kNone,  // root, in the host's
  kAll,   // root, in an own one with every id mapped
  kSelf,  // an ordinary user as itself
  kRoot,  // an ordinary user as uid 0
};

inline constexpr std::size_t kMaxPaths = probe::kMaxHostPaths;

struct Plan {
  UserMode user = UserMode::kNone;
  uid_t uid = 0;
  gid_t gid = 0;
  std::uint64_t namespaces = 0;  // CLONE_NEW*, without CLONE_NEWUSER
  int pid_max = 0;               // the host's; 0: not known
  Rung rung = Rung::kFull;       // below: without parts that the Options would have
  bool own_processes = true;
  bool own_mounts = true;  // else everything about files below is empty
  bool own_proc = true;
  bool own_sysfs = true;
  bool low_ports = true;
  bool own_net = true;
  bool more_ipv4 = false;  // lo gets more than 127.0.0.1 and ::1
  bool more_ipv6 = false;
  bool own_ipc = true;
  bool mqueue = false;                // /dev/mqueue exists on the host
  bool without_capabilities = false;  // the test process, for good
  bool reuse = false;                 // a cell that a test has left clean serves others

  std::string host_name;  // empty: the host's stays
  std::string hosts;      // content of /etc/hosts; empty: the host's stays

  // The one tmpfs that holds everything private. It is mounted on base_path
  // first and hidden by what is bound over it last.
  std::string base_path;
  std::string base_options;
  std::string shm_path;
  std::string shm_options;            // not empty: a tmpfs of its own for /dev/shm
  std::uint64_t base_size_bytes = 0;  // as in Options; 0: the kernel's default
  std::uint64_t shm_size_bytes = 0;

  struct PrivateDirectory {
    std::string path;
    std::string name;  // in the base tmpfs
  };
  std::vector<PrivateDirectory> privates;

  // Paths that init opens on the host's mounts before it covers any of them;
  // the items below name them by their index.
  std::vector<std::string> open_paths;
  // From here on they are of mounts that others made below a copy-on-write
  // directory: they may have gone since, or lie where this user never comes.
  std::size_t first_submount = 0;

  struct Through {
    std::string path;
    std::size_t source;
    bool directory;
    bool read_only;
    Step step;
  };
  std::vector<Through> throughs;  // into private directories
  std::vector<Through> binds;     // anywhere, as Options say

  struct Overlay {
    std::string path;
    std::string upper;  // names in the base tmpfs
    std::string work;
    std::size_t lower;
    Step step;
    std::vector<Through> submounts;
  };
  std::vector<Overlay> overlays;
  std::vector<std::string> read_only;

  // All of the above, each list's by its index, in the order to mount.
  struct Layer {
    enum class Kind { kPrivate, kThrough, kRun, kOverlay, kBind, kReadOnly };
    Kind kind;
    std::size_t index;
    std::string path;
  };
  std::vector<Layer> order;

  // /run put together entry by entry. In a user namespace the kernel makes no
  // overlay of a directory with the host's mounts below it, which would show
  // what they cover; and where one user is mapped alone, none can be written to
  // below a directory of another's.
  struct Entry {
    enum class Kind { kDirectory, kSymlink, kBind, kOverlay };
    Kind kind;
    std::string name;  // below the directory
    std::string text;  // kSymlink: where to; kOverlay: "N" of upperN and workN
    bool directory;    // kBind: of a directory
    mode_t mode;       // kDirectory, kOverlay
  };
  struct Composed {
    std::string path;  // empty: there is none
    std::size_t source = 0;
    std::vector<Entry> entries;
  };
  Composed run;

  std::string cwd;
  bool cwd_may_be_shared = false;
  std::string cwd_shared;  // why it is, although it was to be private if it can be

  // Where files are carried back from: a copy-on-write directory and the place
  // of its changes in the base tmpfs. Empty where `carry` is.
  struct CarryPlace {
    std::string path;
    std::string upper;
    bool named;              // patterns may be relative to it
    bool working_directory;  // the overlay that a host may refuse
  };
  std::vector<CarryPlace> carry_places;
  std::vector<CarryPattern> carry;

  std::vector<ResourceLimit> limits;
  std::vector<std::string> environment;  // NAME=value
  std::vector<char*> environ_block;      // into `environment`, null-terminated

  probe::Places places;
  // Where `reuse`: directories of the base tmpfs that are there before the first test,
  // and that a test may change.
  std::vector<std::string> lasting;
};

// The flags' values for what Options leaves open.
struct Defaults {
  Tmp tmp = Tmp::kEmpty;
  WorkingDirectory cwd = WorkingDirectory::kAuto;
  Network net = Network::kPrivate;
  User user = User::kSelf;
  Reuse reuse = Reuse::kNever;
  std::vector<std::string> carry;  // added to those of Options
  // What the host does not give, and the cell has to do without.
  Parts lacks = 0;
  // A working directory that may be private or shared has to be private.
  bool no_fallback = false;
};

// False, and the reason as a sentence, where the options can't be had.
bool MakePlan(const Options& options, const Defaults& defaults, const HostFacts& host, Plan* plan,
              std::string* error);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PLAN_H_
