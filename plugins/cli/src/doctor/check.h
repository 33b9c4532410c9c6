// One thing that a cell, or some Options, want of the host, found out by trying
// it in a process of its own.
#ifndef TESTCELL_CLI_SRC_DOCTOR_CHECK_H_
#define TESTCELL_CLI_SRC_DOCTOR_CHECK_H_

#include <string>
#include <vector>

namespace testcell::cli {

// What a check's process reports. Plain bytes: it crosses a pipe.
struct Finding {
  bool works = false;
  int error = 0;        // errno of the call that failed; 0: none did
  char call[64] = "";   // "unshare(CLONE_NEWNET)"
  char text[192] = "";  // in place of the error's own text
};

// How a check says what it found. Each ends the process.
[[noreturn]] void Works();
[[noreturn]] void Fails(const char* call, int error);
[[noreturn]] void FailsWith(const char* call, const char* text);
// For the results of system calls: ends the process by Fails() if it is false.
void Need(bool good, const char* call);

// Root that makes cells without a user namespace (cell/host_facts.h).
bool IsPrivileged();
// A user namespace in which this user keeps its own id.
void EnterUserNamespace();
// What a cell of this user starts with: that, unless it is privileged.
void BecomeCellMaker();
// New namespaces (CLONE_NEW*), after that.
void Enter(int namespaces, const char* call);
// The same, for PID 1 of the new process namespace: goes on in a child.
void EnterWithPids(int namespaces);
// Mounts of our own namespace reach no other.
void DetachMounts();
// Where a tmpfs may be mounted; null: nowhere.
const char* TmpfsPlace();

enum class Weight {
  kRequired,  // by a cell with default Options
  kOptional,  // by some Options, or by some findings
};

struct Check {
  const char* name;   // in JSON
  const char* title;  // for people
  Weight weight;
  const char* lost;  // what there is not without it
  void (*run)();     // in a process of its own; ends it
};

// In the order to show.
std::vector<Check> NamespaceChecks();
std::vector<Check> MountChecks();
std::vector<Check> NetworkChecks();
std::vector<Check> SystemChecks();

// Runs it in a child, for at most ten seconds.
Finding Run(const Check& check);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_DOCTOR_CHECK_H_
