#include "server/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <string_view>

#include "posix/error.h"

namespace testcell::server {

namespace {

// A user's PATH often lacks what daemons are installed in.
constexpr std::string_view kDirectoriesOfServers = "/usr/local/sbin:/usr/sbin:/sbin";

// 0, or the errno that execve(2) would give for this path.
int WhyNotExecutable(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return errno;
  if (S_ISDIR(status.st_mode)) return EISDIR;
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

bool Names(const std::string& entry, const std::string& name) {
  return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

std::vector<std::string> BuildEnvironment(const ServerOptions& options) {
  std::vector<std::string> environment;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    environment.emplace_back(*entry);
  }
  for (const auto& [name, value] : options.environment) {
    if (name.empty() || name.find('=') != std::string::npos) {
      throw std::runtime_error(fmt::format("\"{}\" can't name an environment variable", name));
    }
    std::erase_if(environment,
                  [&name = name](const std::string& entry) { return Names(entry, name); });
    if (value) environment.push_back(name + "=" + *value);
  }
  return environment;
}

std::string PathOf(const std::vector<std::string>& environment) {
  for (const std::string& entry : environment) {
    if (Names(entry, "PATH")) return entry.substr(std::string_view("PATH=").size());
  }
  return "/usr/local/bin:/usr/bin:/bin";
}

// As execvp(3) searches: what can't be executed is passed over, but remembered
// for the message.
std::string Find(const std::string& name, const std::string& path) {
  std::string refused;
  const std::string all = fmt::format("{}:{}", path, kDirectoriesOfServers);
  std::string_view left = all;
  while (true) {
    const std::size_t colon = left.find(':');
    const std::string_view directory = left.substr(0, colon);
    const std::string candidate =
        directory.empty() ? "./" + name : fmt::format("{}/{}", directory, name);
    const int error = WhyNotExecutable(candidate);
    if (error == 0) return std::filesystem::absolute(candidate);
    if (error == EACCES && refused.empty()) {
      refused = fmt::format(", but for {}, which can't be executed: {}", candidate,
                            posix::ErrnoText(error));
    }
    if (colon == std::string_view::npos) break;
    left.remove_prefix(colon + 1);
  }
  throw std::runtime_error(fmt::format("there is no such program in PATH ({}) nor in {}{}", path,
                                       kDirectoriesOfServers, refused));
}

}  // namespace

Program Resolve(const ServerOptions& options) {
  if (options.program.empty()) throw std::runtime_error("ServerOptions::program is empty");
  Program program;
  program.arguments = options.arguments;
  program.environment = BuildEnvironment(options);
  program.working_directory = options.working_directory;
  if (options.program.find('/') == std::string::npos) {
    program.path = Find(options.program, PathOf(program.environment));
    return program;
  }
  // Absolute, because the child changes its directory before it executes.
  program.path = std::filesystem::absolute(options.program);
  if (const int error = WhyNotExecutable(program.path)) {
    throw std::runtime_error(
        fmt::format("{} can't be executed: {}", program.path, posix::ErrnoText(error)));
  }
  return program;
}

}  // namespace testcell::server
