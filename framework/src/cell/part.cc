#include "cell/part.h"

namespace testcell::cell {
namespace {

struct Row {
  const char* name;
  const char* title;
  const char* lost;
};

// In the order of the enumeration.
constexpr Row kRows[] = {
    {"user_namespace", "user namespaces", "cells, unless root makes them"},
    {"pid_namespace", "process namespaces", "cells: a test's processes ending with it"},
    {"mount_namespace", "private mounts",
     "private files: tests share /tmp, /dev/shm, /proc and the working directory"},
    {"network_namespace", "network namespaces",
     "private ports: tests share the network of the host"},
    {"ipc_namespace", "IPC namespaces", "private System V IPC and message queues"},
    {"uts_namespace", "host names", "a host name of the cell's own"},
    {"cgroup_namespace", "cgroup namespaces", "Options::cgroup_namespace"},
    {"proc", "a private /proc", "/proc of the cell's own: it shows the host's processes and ids"},
    {"sysfs", "a private /sys/class/net", "the cell's interfaces in /sys"},
    {"mqueue", "/dev/mqueue", "the cell's message queues as files"},
    {"run", "a private /run", "a copy-on-write /run: tests share the host's"},
    {"overlay", "a private working directory",
     "a copy-on-write working directory: tests share the host's"},
    {"overlay", "copy-on-write directories", "Options::copy_on_write, --testcell_tmp=cow"},
    {"mount_setattr", "read-only paths", "Options::read_only, Bind::read_only"},
    {"low_ports", "ports below 1024", "ports below 1024 for who has no capabilities"},
};

const Row& RowOf(Part part) { return kRows[static_cast<unsigned>(part)]; }

Parts NeededForFiles(const Options& options) {
  Parts parts = 0;
  if (options.tmp == Tmp::kEmpty || !options.binds.empty() || options.tmp_size_bytes != 0 ||
      options.shm_size_bytes != 0) {
    parts |= Set(Part::kMounts);
  }
  if (options.tmp == Tmp::kCopyOnWrite || !options.copy_on_write.empty()) {
    parts |= Set(Part::kCopyOnWrite);
  }
  if (options.cwd == WorkingDirectory::kPrivate) parts |= Set(Part::kWorkingDirectory);
  if (!options.read_only.empty()) parts |= Set(Part::kReadOnly);
  for (const Bind& bind : options.binds) {
    if (bind.read_only) parts |= Set(Part::kReadOnly);
  }
  return parts;
}

}  // namespace

std::optional<Part> PartOf(Step step) {
  switch (step) {
    case Step::kUserNamespace:
    case Step::kUserMap:
    case Step::kCapabilities:
      return Part::kUsers;
    case Step::kProcessNamespace:
      return Part::kProcesses;
    case Step::kMountNamespace:
    case Step::kPrivateMounts:
    case Step::kBaseTmpfs:
    case Step::kPrivateDirectory:
    case Step::kBindThrough:
    case Step::kShm:
      return Part::kMounts;
    case Step::kNetworkNamespace:
    case Step::kLoopback:
      return Part::kNetwork;
    case Step::kIpcNamespace:
      return Part::kIpc;
    case Step::kHostNameNamespace:
    case Step::kHostName:
    case Step::kHosts:
      return Part::kHostName;
    case Step::kCgroupNamespace:
      return Part::kCgroups;
    case Step::kProc:
      return Part::kProc;
    case Step::kSysfs:
      return Part::kSys;
    case Step::kMqueue:
      return Part::kMessageQueues;
    case Step::kRunOverlay:
      return Part::kRun;
    case Step::kWorkingDirectoryOverlay:
      return Part::kWorkingDirectory;
    case Step::kOverlay:
      return Part::kCopyOnWrite;
    case Step::kReadOnly:
      return Part::kReadOnly;
    case Step::kLowPorts:
      return Part::kLowPorts;
    default:
      return std::nullopt;
  }
}

Parts WithDependents(Part part) {
  switch (part) {
    case Part::kProcesses:
      return kAllParts;
    case Part::kMounts:
      return Set(part) | Set(Part::kProc) | Set(Part::kSys) | Set(Part::kMessageQueues) |
             Set(Part::kRun) | Set(Part::kWorkingDirectory) | Set(Part::kCopyOnWrite) |
             Set(Part::kReadOnly);
    case Part::kNetwork:
      return Set(part) | Set(Part::kSys) | Set(Part::kLowPorts);
    case Part::kIpc:
      return Set(part) | Set(Part::kMessageQueues);
    default:
      return Set(part);
  }
}

Parts NeededBy(const Options& options, bool root) {
  Parts parts = NeededForFiles(options);
  if (options.net == Network::kPrivate) parts |= Set(Part::kNetwork);
  if (options.user_namespace || (options.user == User::kRoot && !root)) {
    parts |= Set(Part::kUsers);
  }
  if (options.cgroup_namespace) parts |= Set(Part::kCgroups);
  if (options.host_name != Options().host_name) parts |= Set(Part::kHostName);
  for (const Part part : options.needs) parts |= Set(part);
  return parts;
}

const char* Name(Part part) { return RowOf(part).name; }
const char* Title(Part part) { return RowOf(part).title; }
const char* Lost(Part part) { return RowOf(part).lost; }

}  // namespace testcell::cell
