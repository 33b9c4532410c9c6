// The steps of making a cell, so that a failure deep in a forked child can be
// told to a person: what was tried, why it may have failed, what to do.
#ifndef TESTCELL_SRC_CELL_STEP_H_
#define TESTCELL_SRC_CELL_STEP_H_

#include <cstdint>
#include <string>

namespace testcell::cell {

enum class Step : std::uint32_t {
  kUserNamespace = 1,
  kUserMap,
  kCapabilities,
  kClone,
  kProcessNamespace,
  kMountNamespace,
  kNetworkNamespace,
  kIpcNamespace,
  kHostNameNamespace,
  kCgroupNamespace,
  kInit,
  kHostName,
  kPrivateMounts,
  kOpenPath,
  kProc,
  kBaseTmpfs,
  kPrivateDirectory,
  kBindThrough,
  kRunOverlay,
  kOverlay,
  kWorkingDirectoryOverlay,
  kSubmount,
  kBind,
  kShared,
  kReadOnly,
  kShm,
  kMqueue,
  kSysfs,
  kHosts,
  kLoopback,
  kLowPorts,
  kChangeDirectory,
  kForkTest,
  kTestDescriptors,
  kLimits,
  kForkWorker,
};

// "mount a private /proc"; static storage.
const char* Describe(Step step);

// What was tried, on what, why not, and what a person can do about it.
std::string Explain(Step step, int error, const std::string& detail);

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_STEP_H_
