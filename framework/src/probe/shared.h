// What a test process and its init tell each other, in memory that they
// share. The test may scribble on it, so nothing there is believed to be sane.
#ifndef TESTCELL_SRC_PROBE_SHARED_H_
#define TESTCELL_SRC_PROBE_SHARED_H_

#include <signal.h>

#include <cstdint>

#include "posix/sock_diag.h"

namespace testcell::probe {

struct Shared {
  static constexpr std::uint32_t kMaxChildren = 512;  // more than are reported
  static constexpr std::uint32_t kMaxSockets = 128;
  static constexpr std::uint32_t kMaxNames = 256;

  // Checkpoints: the test process counts up `asked`, init follows.
  std::uint32_t asked;
  std::uint32_t answered;
  std::int32_t init;                // its process id, as the test process knows it
  std::int32_t own_proc;            // whether /proc is the cell's, and not the host's
  std::uint32_t by;                 // UsedBy: who has used what there is
  std::uint64_t network_namespace;  // init's, for PortWatch::CloseLast()
  // PortWatch::CloseLast() of the test process, before a checkpoint and at its
  // end; 0: it was not called.
  std::uint64_t last_socket;
  // 1: it has had threads or children, or has moved to another processor.
  std::uint32_t others;
  std::uint32_t lost;  // findings that the test process could not tell
  // 1: there may be leaks that it had no way to look at.
  std::uint32_t unseen;
  // The test process's own sockets at its end.
  std::uint32_t name_count;  // also of those that found no room
  struct AbstractName {
    std::uint32_t inode;
    std::uint32_t size;
    char bytes[107];
  } names[kMaxNames];
  std::uint32_t socket_count;
  posix::InetSocket sockets[kMaxSockets];
  // Children that ran when the test process ended.
  std::uint32_t child_count;
  std::int32_t children[kMaxChildren];
};

// By which a test process asks for a checkpoint.
inline int CheckpointSignal() { return SIGRTMAX - 1; }

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_SHARED_H_
