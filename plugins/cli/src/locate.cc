#include "locate.h"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "command.h"

namespace testcell::cli {

std::string Locate(const std::string& program) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (program.find('/') != std::string::npos) return fs::absolute(program, error).string();
  const char* const path = std::getenv("PATH");
  std::string directories = path == nullptr ? "/bin:/usr/bin" : path;
  for (std::size_t begin = 0; begin <= directories.size();) {
    const std::size_t end = std::min(directories.find(':', begin), directories.size());
    const fs::path found = fs::path(directories.substr(begin, end - begin)) / program;
    if (::access(found.c_str(), X_OK) == 0) return fs::absolute(found, error).string();
    begin = end + 1;
  }
  return std::string();
}

int CannotExecute(const std::string& program, int error) {
  constexpr int kStatusNotExecutable = 126;
  constexpr int kStatusNotFound = 127;
  const bool path = program.find('/') != std::string::npos;
  // What execvp(3) says of a PATH with directories that are not ours to search.
  if (error == EACCES && Locate(program).empty()) error = ENOENT;
  std::string text = "cannot execute '" + program + "': " + ::strerror(error);
  if (error == ENOENT && path && ::access(program.c_str(), F_OK) == 0) {
    text += "; the file is there, so it is its interpreter that is missing";
  } else if (error == ENOENT && !path) {
    text = "'" + program + "' is not in PATH";
  } else if (error == ENOENT) {
    text += "; /tmp, /var/tmp and /dev/shm are the cell's own (see --bind, --tmp)";
  }
  Complain(text);
  return error == ENOENT ? kStatusNotFound : kStatusNotExecutable;
}

}  // namespace testcell::cli
