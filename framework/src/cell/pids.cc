#include "cell/pids.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "cell/path.h"
#include "probe/directory.h"

namespace testcell::cell {
namespace {

constexpr int kFirst = 300;  // below it are only those that the system began with

}  // namespace

int PidOutside() {
  char text[16];
  const ssize_t size = ::readlink("/proc/self", text, sizeof text - 1);
  if (size <= 0) return 0;
  text[size] = '\0';
  return std::max(probe::ParseNumber(text), 0);
}

// Multiplied by the golden ratio, numbers that follow each other end up as far
// from each other as can be: that is the room for what the test forks. The kernel
// itself begins anew behind the last number.
void SpreadPids(int outside, int limit) {
  if (outside <= 0 || limit <= kFirst) return;
  constexpr std::uint32_t kGoldenRatio = 2654435769;  // its fraction, of 2^32
  const std::uint32_t fraction = static_cast<std::uint32_t>(outside) * kGoldenRatio;
  const auto range = static_cast<std::uint64_t>(limit - kFirst);
  FixedText<16> last;
  last.Add(static_cast<long>(kFirst + (std::uint64_t{fraction} * range >> 32)));
  const int fd = ::open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  static_cast<void>(!::write(fd, last.c_str(), last.size()));
  ::close(fd);
}

}  // namespace testcell::cell
