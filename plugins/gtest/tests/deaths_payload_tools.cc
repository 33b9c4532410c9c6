#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "deaths_payload.h"

namespace deaths {
namespace {

// At the end of the run, for the driver: the most memory that the supervisor
// had. (What wait4(2) gives counts the process, too, that it was executed in.)
struct PeakMemory {
  ~PeakMemory() {
    if (SharedDirectory().empty()) return;
    std::ifstream status("/proc/self/status");
    std::ofstream file(SharedDirectory() + "/peak_memory");
    for (std::string line; std::getline(status, line);) {
      if (line.compare(0, 6, "VmHWM:") == 0) file << std::atol(line.c_str() + 6);
    }
  }
} g_peak_memory;

}  // namespace

std::string SharedDirectory() {
  const char* path = std::getenv("DEATHS_SHARED");
  return path == nullptr ? std::string() : std::string(path);
}

testcell::Options WithSharedDirectory() {
  testcell::Options options;
  if (!SharedDirectory().empty()) options.binds.push_back({SharedDirectory(), "", false});
  return options;
}

void AwaitPipe(const char* name) {
  const int fd = ::open((SharedDirectory() + "/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  char byte;
  if (fd < 0 || ::read(fd, &byte, 1) != 1) std::abort();
  ::close(fd);
}

void TellPipe(const char* name) {
  const int fd = ::open((SharedDirectory() + "/" + name).c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0 || ::write(fd, "x", 1) != 1) std::abort();
  ::close(fd);
}

InUse::InUse(std::string name) : path_(SharedDirectory() + "/" + std::move(name)) { Add(1); }
InUse::~InUse() { Add(-1); }

int InUse::Add(int step) const {
  const int fd = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0 || ::flock(fd, LOCK_EX) != 0) std::abort();
  int count = 0;
  if (::pread(fd, &count, sizeof count, 0) < 0) std::abort();
  count += step;
  if (step != 0 && ::pwrite(fd, &count, sizeof count, 0) != sizeof count) std::abort();
  ::close(fd);
  return count;
}

int InUse::HighestOfManyLooks() const {
  int highest = 0;
  for (int i = 0; i < 300; ++i) {
    highest = std::max(highest, now());
    ::sched_yield();
  }
  return highest;
}

}  // namespace deaths
