#include "cell/host_facts.h"

#include <ifaddrs.h>
#include <limits.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "cell/host_mounts.h"

namespace testcell::cell {
namespace {

std::string ReadAll(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The first user namespace maps all identifiers to themselves (user_namespaces(7)).
bool InUserNamespace() {
  std::ifstream map("/proc/self/uid_map");
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  constexpr std::uint64_t kAll = 0xffff'ffff;
  return map >> inside >> outside >> count && (inside != 0 || outside != 0 || count != kAll);
}

bool HasCapability(int capability) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  return ::syscall(SYS_capget, &header, data) == 0 &&
         (data[capability / 32].effective >> (capability % 32) & 1u) != 0;
}

// Bazel's names, in its Test Encyclopedia, and GoogleTest's own.
constexpr const char* kTemporaries[] = {"TMPDIR", "TEST_TMPDIR"};
constexpr const char* kOutputs[] = {
    "TEST_UNDECLARED_OUTPUTS_DIR", "TEST_UNDECLARED_OUTPUTS_ANNOTATIONS_DIR",
    "TEST_SHARD_STATUS_FILE",      "GTEST_SHARD_STATUS_FILE",
    "TEST_PREMATURE_EXIT_FILE",
};

void AddPath(const char* variable, bool only_directory, std::vector<std::string>* paths) {
  const char* const value = std::getenv(variable);
  const std::string path = value == nullptr ? std::string() : Canonical(value);
  struct stat status;
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return;
  if (!S_ISDIR(status.st_mode) && (only_directory || !S_ISREG(status.st_mode))) return;
  if (std::find(paths->begin(), paths->end(), path) == paths->end()) paths->push_back(path);
}

void ReadAddresses(HostFacts* host) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    if (entry->ifa_addr->sa_family == AF_INET) {
      sockaddr_in in;
      std::memcpy(&in, entry->ifa_addr, sizeof in);
      host->has_ipv4 |= in.sin_addr.s_addr != htonl(INADDR_LOOPBACK);
    }
    if (entry->ifa_addr->sa_family == AF_INET6) {
      sockaddr_in6 in;
      std::memcpy(&in, entry->ifa_addr, sizeof in);
      host->has_ipv6 |= !IN6_IS_ADDR_LOOPBACK(&in.sin6_addr);
    }
  }
  ::freeifaddrs(list);
}

}  // namespace

std::string Canonical(const char* path) {
  char resolved[PATH_MAX];
  return ::realpath(path, resolved) == nullptr ? std::string() : std::string(resolved);
}

HostFacts ReadHostFacts(const std::vector<std::string>& visible) {
  HostFacts host;
  host.uid = ::geteuid();
  host.gid = ::getegid();
  std::ifstream("/proc/sys/kernel/pid_max") >> host.pid_max;
  host.privileged = host.uid == 0 && HasCapability(CAP_SYS_ADMIN) && HasCapability(CAP_NET_ADMIN);
  host.in_user_namespace = InUserNamespace();
  host.cwd = Canonical(".");
  host.program = Canonical("/proc/self/exe");
  for (const std::string& path : visible) {
    host.visible.push_back(path);
    host.visible.push_back(Canonical(path.c_str()));
  }
  host.hosts_exist = ::access("/etc/hosts", F_OK) == 0;
  if (host.hosts_exist) host.hosts = ReadAll("/etc/hosts");
  std::ifstream mountinfo("/proc/self/mountinfo");
  const std::vector<HostMount> mounts = ReadMounts(mountinfo);
  host.mount_points = MountPoints(mounts);
  host.file_systems = WatchedFileSystems(mounts);
  for (const char* name : kTemporaries) AddPath(name, true, &host.temporaries);
  for (const char* name : kOutputs) AddPath(name, false, &host.outputs);
  ReadAddresses(&host);
  return host;
}

}  // namespace testcell::cell
