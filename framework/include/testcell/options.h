// What a cell is made of: the settings of the fresh namespaces, private file
// systems and limits that one test runs in.
//
//   struct PortTest : testcell::Test {
//     static testcell::Options CellOptions() {
//       testcell::Options options;
//       options.host_name = "db1";
//       options.tmp_size_bytes = 64 << 20;
//       options.time_limit = std::chrono::seconds(30);
//       return options;
//     }
//   };
//
// Threads and forks: plain data. Everything is read once, in the supervisor,
// before any cell is made; a change made inside a cell has no effect.
#ifndef TESTCELL_OPTIONS_H_
#define TESTCELL_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "testcell/finding.h"

namespace testcell {

// What /tmp and /var/tmp hold when a test starts.
enum class Tmp {
  kEmpty,        // nothing
  kCopyOnWrite,  // what the host's hold; writes stay in the cell
  kShared,       // they are the host's own
};

// How a test sees the working directory.
enum class WorkingDirectory {
  kPrivate,  // copy-on-write; a cell that can't have it is not made
  kShared,   // the host's own
  kAuto,     // private where it can be had, else shared, said once
};

enum class Network {
  kPrivate,  // an own network namespace, loopback up
  kHost,     // the host's
};

// Who an ordinary user's test is inside the cell. Root outside stays root.
enum class User {
  kSelf,  // its own uid, with what the cell's user namespace grants except
          // the capabilities that bypass file permissions
  kRoot,  // uid 0
};

// Where SetUpTestSuite and TearDownTestSuite run.
enum class Suites {
  kCell,    // in every cell
  kParent,  // once, in the parent, before the suite's cells
  kShared,  // all cases of the suite share one cell, in order
};

// What becomes of what a test leaves behind.
enum class Leaks {
  kOff,     // it is not looked for
  kReport,  // said after the run, and in reports
  kFail,    // the test fails by it
  kStrict,  // the same, and changed process state is a leak, too
};

// Whether it is seen what a test uses that another could want, such as ports.
enum class Uses {
  kOff,
  kDefault,
  kAll,  // also what costs more to see
};

// Whether a cell serves one test, or also others after it.
enum class Reuse {
  kNever,
  kClean,  // others, as long as each has left it as it was; they run without capabilities
};

// A part of a cell that a host may refuse. A run with --testcell_fallback goes on
// without it, and skips the tests that need it.
enum class Part {
  kUsers,             // a user namespace
  kProcesses,         // process ids of the cell's own, all ended with the test
  kMounts,            // file systems of the cell's own
  kNetwork,           // ports of the cell's own
  kIpc,               // System V IPC and POSIX message queues
  kHostName,          // a host name
  kCgroups,           // a cgroup namespace
  kProc,              // /proc that shows the cell's processes
  kSys,               // /sys/class/net that shows the cell's network
  kMessageQueues,     // /dev/mqueue
  kRun,               // /run, copy-on-write
  kWorkingDirectory,  // the working directory, copy-on-write
  kCopyOnWrite,       // other directories, copy-on-write
  kReadOnly,          // read-only paths
  kLowPorts,          // ports below 1024 for who has no capabilities
};

// A path of the host that is visible in the cell.
struct Bind {
  std::string source;      // on the host, absolute; must exist
  std::string target;      // in the cell, absolute; empty: the same as source
  bool read_only = false;  // mount_setattr(2), recursively; needs Linux 5.12
};

// setrlimit(2), applied in the test process. Both limits in the unit that
// getrlimit(2) gives for the resource.
struct ResourceLimit {
  int resource = 0;  // RLIMIT_NOFILE and so on
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

// Something that cells don't isolate: a device, the real disk, a licence.
struct Exclusive {
  std::string resource;  // the name that suites agree on
  int at_once = 1;       // how many cells may use it at the same time
};

// An unset optional means: as the flag of that name says.
struct Options {
  // Namespaces beside PID and mount, which every cell has.
  std::optional<Network> net;
  bool ipc_namespace = true;
  bool uts_namespace = true;
  bool cgroup_namespace = false;
  // A user namespace is always made for an ordinary user; this asks for one
  // when root runs the tests, too.
  bool user_namespace = false;
  std::optional<User> user;

  // Sizes of the private file systems; 0: the kernel's default, half of the
  // memory (tmpfs(5)). A test that fills one gets ENOSPC, and a failure while
  // it is full says so and names the size to raise.
  std::uint64_t tmp_size_bytes = 0;  // /tmp, /var/tmp and all copy-on-write layers together
  std::uint64_t shm_size_bytes = 0;  // /dev/shm; 0: it shares tmp_size_bytes

  std::string host_name = "cell";  // at most 64 bytes (sethostname(2))

  std::optional<Tmp> tmp;
  std::optional<WorkingDirectory> cwd;
  std::optional<Suites> suites;

  std::vector<Bind> binds;
  // Absolute paths of the host, none of them /. Where one lies below another, it
  // is what its own list says: a cache that is shared in a home directory that
  // is copy-on-write, a read-only directory of test data in either.
  std::vector<std::string> copy_on_write;  // directories; what is mounted below stays shared
  std::vector<std::string> read_only;      // with all that is mounted below
  // What tests write there is the host's at once, as in any directory that is
  // neither private nor copy-on-write, and is meant to be: no leak. Two that write
  // the same path there while both run are a conflict all the same.
  std::vector<std::string> shared;

  // What is left in copy-on-write directories is gone with the cell, but for
  // the files, symbolic links and directories that one of these patterns
  // matches, or one of --testcell_carry: those are brought back to the host
  // once the last test of the run has ended, however theirs did. A pattern is a path below
  // the working directory or one in copy_on_write ("golden/*.txt"), an absolute
  // path ("/srv/**/state"), or one name for every directory ("*.log"); *, ? and
  // [...] don't match a slash, ** is any number of directories, and a matching
  // directory is carried whole. Two tests that leave one path with different
  // content are an error, told in the second. Removals are not carried.
  std::vector<std::string> carry;

  // Set in the test process after the inherited environment; an empty
  // optional unsets the variable.
  std::vector<std::pair<std::string, std::optional<std::string>>> environment;
  std::vector<ResourceLimit> limits;

  // Wall-clock time for one test with its set-up and tear-down; zero: none.
  std::optional<std::chrono::milliseconds> time_limit;

  std::vector<Exclusive> exclusive;

  // How often a test that fails is run again, in a fresh cell; one that passes
  // then has passed, and is reported as flaky.
  std::optional<int> retries;

  // With kClean the tests run without capabilities, and can't gain any: what they do
  // can then be seen to have left no trace. Ports below 1024 stay open to them. A suite
  // that needs capabilities says kNever; one that asks here for user = kRoot or
  // user_namespace has them, and fresh cells, whatever the flag says.
  std::optional<Reuse> reuse;

  // Parts of a cell that the suite can't do without. What is set above needs its
  // own: net = kPrivate, copy_on_write, host_name and so on.
  std::vector<Part> needs;

  std::optional<Leaks> leaks;
  std::optional<Uses> uses;
  // Leaks of the suite's tests that are no defects; see testcell/allow.h.
  std::vector<Allowance> allowed_leaks;
};

// Empty, or what is wrong with the first bad setting and what would be right,
// as a sentence. Never blocks; looks at nothing on the host.
std::string Validate(const Options& options);

}  // namespace testcell

#endif  // TESTCELL_OPTIONS_H_
