// What is known of a host that could explain a refusal.
#ifndef TESTCELL_CLI_SRC_DOCTOR_HOST_H_
#define TESTCELL_CLI_SRC_DOCTOR_HOST_H_

#include <optional>
#include <string>
#include <vector>

#include "check.h"

namespace testcell::cli {

struct Host {
  std::string kernel;     // "6.18.44"
  bool root = false;      // uid 0, of whichever user namespace
  bool admin = false;     // has CAP_SYS_ADMIN
  std::string container;  // "docker"; empty: none was found
  bool seccomp = false;   // a system call filter is in force
  std::string apparmor;   // the profile in force; empty: none
  bool chrooted = false;
  bool in_user_namespace = false;
  std::vector<std::string> masked_proc;  // what is mounted over parts of /proc
  bool hidden_pids = false;              // /proc is mounted with hidepid
};

Host ReadHost();

// The value of /proc/sys/NAME, with '.' as sysctl(8) writes it; nothing where
// there is none.
std::optional<long> Sysctl(const std::string& name);

// Why the check failed, and what can be done; either may be empty.
struct Diagnosis {
  std::string reason;
  std::string remedy;
};
Diagnosis Diagnose(const Check& check, const Finding& finding, const Host& host);

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_DOCTOR_HOST_H_
