#include "supervisor/cell_sockets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include "posix/error.h"
#include "posix/sock_diag.h"
#include "posix/unique_fd.h"
#include "probe/socket_text.h"

namespace testcell::supervisor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostSockets = 1000;

std::string Link(const fs::path& path) {
  std::error_code error;
  return fs::read_symlink(path, error).string();
}

// "3 (nginx)": the innermost process id.
std::string ProcessName(const fs::path& directory) {
  std::string id;
  std::string line;
  for (std::ifstream status(directory / "status"); std::getline(status, line);) {
    if (line.rfind("NSpid:", 0) == 0) id = line.substr(line.find_last_of(" \t") + 1);
  }
  std::string name;
  std::getline(std::ifstream(directory / "comm") >> std::ws, name);
  for (char& c : name) {
    if (c < ' ' || c > '~') c = '?';
  }
  return fmt::format("pid {} ({})", id, name);
}

using Owners = std::map<std::uint64_t, std::string>;

void AddOwner(const fs::path& process, Owners* owners) {
  constexpr std::string_view kStart = "socket:[";
  const std::string name = ProcessName(process);
  std::error_code error;
  for (const auto& file : fs::directory_iterator(process / "fd", error)) {
    const std::string link = Link(file.path());
    if (link.rfind(kStart, 0) != 0) continue;
    std::string& holders = (*owners)[std::strtoull(link.c_str() + kStart.size(), nullptr, 10)];
    holders += (holders.empty() ? "" : ", ") + name;
  }
}

// By the sockets' inodes; init's own are left out.
Owners FindOwners(pid_t init) {
  Owners owners;
  const std::string space = Link(fmt::format("/proc/{}/ns/pid", init));
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const std::string name = process.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (name == std::to_string(init) || Link(process.path() / "ns/pid") != space) continue;
    AddOwner(process.path(), &owners);
  }
  return owners;
}

// The user namespace first: it has a say in who enters the other.
int EnterNetwork(pid_t init) {
  for (const char* name : {"user", "net"}) {
    const std::string path = fmt::format("/proc/{}/ns/{}", init, name);
    if (Link(path) == Link(fmt::format("/proc/self/ns/{}", name))) continue;
    const posix::UniqueFd space(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!space || ::setns(space.get(), 0) != 0) return errno;
  }
  return 0;
}

std::vector<std::string> ListSockets(const Owners& owners, int* error) {
  std::vector<std::string> lines;
  const auto add = [&](const auto& socket) {
    const auto owner = owners.find(socket.inode);
    const probe::Text name = probe::SocketName(socket);
    lines.push_back(fmt::format("{}  {}", std::string_view(name.c_str(), name.size()),
                                owner == owners.end() ? "held by no process" : owner->second));
  };
  const auto diag = std::make_unique<posix::SockDiag>();
  *error = diag->Open();
  for (const int protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
    for (const int family : {AF_INET, AF_INET6}) {
      if (*error != 0) return lines;
      const int failed = diag->ForEachInet(family, protocol, posix::kAllStates, add);
      if (failed != ENOENT) *error = failed;  // ENOENT: not in this kernel
    }
  }
  if (*error != 0) return lines;
  // Pairs without a name are how processes talk among themselves.
  *error = diag->ForEachUnix(posix::kAllStates, [&](const posix::UnixSocket& socket) {
    if (!socket.name.empty()) add(socket);
  });
  return lines;
}

}  // namespace

std::string DescribeSockets(pid_t init, std::string* error) {
  const Owners owners = FindOwners(init);
  int failed = EnterNetwork(init);
  std::vector<std::string> lines;
  if (failed == 0) lines = ListSockets(owners, &failed);
  if (failed != 0) *error = posix::ErrnoText(failed);
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(lines.size(), kMostSockets); ++i) text += lines[i] + "\n";
  if (lines.size() > kMostSockets) {
    text += fmt::format("and {} more\n", lines.size() - kMostSockets);
  }
  return text;
}

}  // namespace testcell::supervisor
