// Another process of the cell, as one whose system call init is asked about: its
// memory, its descriptors.
// All of it is async-signal-safe and allocates nothing.
#ifndef TESTCELL_SRC_PROBE_CALLER_H_
#define TESTCELL_SRC_PROBE_CALLER_H_

#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "posix/unique_fd.h"

namespace testcell::probe {

// Its descriptor, in this process.
inline posix::UniqueFd TakeFd(pid_t pid, int fd) {
  const posix::UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return posix::UniqueFd();
  return posix::UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), fd, 0)));
}

// Zero where it could not be read.
inline std::size_t ReadMemory(pid_t pid, std::uint64_t address, void* buffer, std::size_t size) {
  iovec local{buffer, size};
  iovec remote{reinterpret_cast<void*>(address), size};
  const ssize_t got = ::process_vm_readv(pid, &local, 1, &remote, 1, 0);
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

// A text may end at the end of what is mapped: read up to a page's end first.
inline std::string_view ReadText(pid_t pid, std::uint64_t address, char* buffer, std::size_t size) {
  constexpr std::size_t kPage = 4096;
  const std::size_t first = std::min<std::size_t>(size, kPage - address % kPage);
  std::size_t got = ReadMemory(pid, address, buffer, first);
  if (got == first && ::memchr(buffer, 0, got) == nullptr) {
    got += ReadMemory(pid, address + got, buffer + got, size - got);
  }
  return {buffer, ::strnlen(buffer, got)};
}

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_CALLER_H_
