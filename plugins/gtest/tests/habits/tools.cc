#include "tools.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

namespace habits {

int Await(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

int InChild(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  return Await(child);
}

int Execute(const std::function<void()>& execute) {
  return InChild([&] {
    execute();
    return 127;
  });
}

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  return file << text && file.flush();
}

std::string Error() { return std::to_string(errno) + " (" + std::strerror(errno) + ")"; }

}  // namespace habits
