// Events of files, of whole file systems (fanotify(7)): one group for all that
// a worker watches and for all of its cells, since to close one takes
// milliseconds.
#ifndef TESTCELL_SRC_PROBE_FILE_EVENTS_H_
#define TESTCELL_SRC_PROBE_FILE_EVENTS_H_

#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/statfs.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "posix/unique_fd.h"

namespace testcell::probe {

struct FileEvent {
  std::uint64_t mask = 0;
  pid_t pid = 0;           // in the reader's namespace; 0: from outside, or not told
  __kernel_fsid_t fsid{};  // of the file system
  const file_handle* directory = nullptr;
  std::uint64_t directory_hash = 0;
  std::uint64_t child_hash = 0;  // 0: not told
  std::string_view name;         // in the directory
  std::string_view bytes;        // all of it, as the kernel gave it
};

// A file handle as fanotify and name_to_handle_at(2) give it.
std::uint64_t HandleHash(const file_handle& handle);

// The events in a buffer that was read, with their bytes. After a name of any
// length the next one begins anywhere: they are no objects where they lie.
template <typename Take>
void ForEachEvent(const char* buffer, ssize_t size, const Take& take) {
  std::string_view left(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
  fanotify_event_metadata event;
  while (left.size() >= sizeof event) {
    ::memcpy(&event, left.data(), sizeof event);
    if (event.event_len < sizeof event || event.event_len > left.size()) return;
    take(event, left.substr(0, event.event_len));
    left.remove_prefix(event.event_len);
  }
}

// What an event tells of, beside its mask. Valid as long as its bytes are.
FileEvent ReadFileEvent(const fanotify_event_metadata& event, std::string_view bytes);

// Async-signal-safe.
class FileEvents {
 public:
  // In the worker, in its user namespace. Where the kernel grants none (before
  // Linux 6.16 to an ordinary user) nothing is watched.
  void Open();
  int fd() const { return group_.get(); }  // -1: none
  // EMFILE where this user has as many groups as the machine allows; 0: there is
  // nothing to complain of, or nobody like this user has what this kernel has.
  int error() const { return error_; }
  bool Mark(int at, std::uint64_t events) const;

  // What has come since, event by event.
  template <typename Take>
  void Drain(const Take& take) const {
    char buffer[16384];
    for (;;) {
      const ssize_t size = group_ ? ::read(group_.get(), buffer, sizeof buffer) : 0;
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return;
      ForEachEvent(buffer, size, [&](const fanotify_event_metadata& event, std::string_view bytes) {
        take(ReadFileEvent(event, bytes));
      });
    }
  }
  void Discard() const;

 private:
  posix::UniqueFd group_;
  int error_ = 0;
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_FILE_EVENTS_H_
