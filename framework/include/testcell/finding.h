// What a cell shows about its test beside the verdict: what it left behind,
// and what it used that another test could want, too.
//
//   for (const testcell::Leak& leak : test.leaks)
//     std::cout << Name(leak.kind) << ": " << leak.what << '\n';
//
// Threads and forks: plain data.
#ifndef TESTCELL_FINDING_H_
#define TESTCELL_FINDING_H_

#include <string>
#include <utility>
#include <vector>

namespace testcell {

enum class LeakKind {
  kProcess,
  kZombie,
  kThread,
  kFd,
  kSocket,
  kFile,
  kSysvShm,
  kSysvSem,
  kSysvMsg,
  kPosixMq,
  kPosixShm,
  kMount,
  kInterface,
  kState,  // changed, not left behind: working directory, umask, environment...
};

struct Leak {
  LeakKind kind = LeakKind::kProcess;
  // As a person would call it: "sleep 1000 (pid 7)", "tcp 0.0.0.0:80 listening".
  std::string what;
  // Why it is no defect; empty: it is one.
  std::string allowed;
  // What helps to find its origin: names and values, in the order to show.
  std::vector<std::pair<std::string, std::string>> detail;
};

// Leaks that are no defects, since somebody said why.
struct Allowance {
  LeakKind kind = LeakKind::kProcess;
  // What the whole of Leak::what has to match: * stands for anything, ? for
  // one byte, all else for itself.
  std::string pattern;
  std::string reason;
};

enum class UseKind {
  kTcp,
  kUdp,
  kUnixAbstract,
  kPath,
  kSysvKey,
  kPosixMq,
  kPosixShm,
  kHostName,
};

// By whom something was used. What a shared set-up uses is no reason for the
// tests that share it to collide.
enum class UsedBy { kTest, kSuiteSetUp, kEnvironment };

struct Use {
  UseKind kind = UseKind::kTcp;
  std::string name;  // "0.0.0.0:80", "/tmp/state", "shm 0x1234"
  UsedBy by = UsedBy::kTest;
  bool only_read = false;  // two readers don't collide
  // Made for the moment, as mkstemp(3) does: not worth a word unless another
  // test has the very same name.
  bool made_up = false;
  // On what cells share, outside their private file systems.
  bool shared = false;
};

// Uses of two or more tests that would collide if they ran together without
// cells, or in cells, too.
struct Conflict {
  UseKind kind = UseKind::kTcp;
  std::string name;
  std::vector<std::string> tests;  // "Suite.Case"
  // Cells don't keep these tests apart: it is on the host.
  bool shared = false;
  // It did collide: it is shared, and two of the tests ran at the same time.
  bool real = false;
};

// The names of the JSON report: "process", "sysv_shm", "tcp"; static storage.
const char* Name(LeakKind kind);
const char* Name(UseKind kind);

}  // namespace testcell

#endif  // TESTCELL_FINDING_H_
