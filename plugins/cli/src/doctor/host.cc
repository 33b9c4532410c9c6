#include "host.h"

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace testcell::cli {
namespace {

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (!line.empty() && (line.back() == '\0' || line.back() == '\n')) line.pop_back();
  return line;
}

// A field of /proc/self/status.
std::string Status(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size() + 1, name + ":") != 0) continue;
    const std::size_t at = line.find_first_not_of(" \t", name.size() + 1);
    return at == std::string::npos ? std::string() : line.substr(at);
  }
  return std::string();
}

bool Exists(const char* path) { return ::access(path, F_OK) == 0; }

// By what the runtimes leave for programs to find.
std::string FindContainer() {
  if (Exists("/run/.containerenv")) return "podman";
  if (Exists("/.dockerenv")) return "docker";
  if (std::getenv("KUBERNETES_SERVICE_HOST") != nullptr) return "kubernetes";
  std::string manager = FirstLine("/run/systemd/container");
  if (!manager.empty()) return manager;
  if (const char* name = std::getenv("container")) return name;
  const std::string version = FirstLine("/proc/version");
  if (version.find("gvisor") != std::string::npos) return "gvisor";
  if (version.find("icrosoft") != std::string::npos) return "wsl";
  return std::string();
}

void ReadMounts(Host* host) {
  std::ifstream file("/proc/self/mountinfo");
  bool any = false;
  bool root = false;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, top, point;
    fields >> id >> parent >> device >> top >> point;
    any = true;
    root = root || point == "/";
    if (point.compare(0, 6, "/proc/") == 0) host->masked_proc.push_back(point);
    const std::size_t dash = line.find(" - proc ");
    if (point == "/proc" && dash != std::string::npos &&
        line.find("hidepid=", dash) != std::string::npos &&
        line.find("hidepid=0", dash) == std::string::npos &&
        line.find("hidepid=off", dash) == std::string::npos) {
      host->hidden_pids = true;
    }
  }
  // A chroot that is no mount point does not show itself as "/".
  host->chrooted = any && !root;
}

}  // namespace

std::optional<long> Sysctl(const std::string& name) {
  std::string path = "/proc/sys/" + name;
  for (char& c : path) {
    if (c == '.') c = '/';
  }
  const std::string text = FirstLine(path);
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0') return std::nullopt;
  return value;
}

Host ReadHost() {
  Host host;
  utsname names{};
  if (::uname(&names) == 0) host.kernel = names.release;
  host.root = ::geteuid() == 0;
  const unsigned long long capabilities = std::strtoull(Status("CapEff").c_str(), nullptr, 16);
  host.admin = (capabilities >> CAP_SYS_ADMIN & 1u) != 0;
  host.container = FindContainer();
  host.seccomp = Status("Seccomp") == "2";
  if (FirstLine("/sys/module/apparmor/parameters/enabled") == "Y") {
    host.apparmor = FirstLine("/proc/self/attr/apparmor/current");
    if (host.apparmor.empty()) host.apparmor = FirstLine("/proc/self/attr/current");
    if (host.apparmor == "unconfined") host.apparmor.clear();
  }
  std::istringstream map(FirstLine("/proc/self/uid_map"));
  unsigned long inside = 0;
  unsigned long outside = 0;
  unsigned long count = 0;
  map >> inside >> outside >> count;
  host.in_user_namespace = !(inside == 0 && outside == 0 && count == 4294967295UL);
  ReadMounts(&host);
  return host;
}

}  // namespace testcell::cli
