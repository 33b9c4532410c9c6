// The TCP and UDP ports of a cell that were bound at any time: the kernel
// tells of every socket when it is destroyed (sock_diag(7)), also of one that
// was closed or whose owner was killed long before.
#ifndef TESTCELL_SRC_PROBE_PORT_WATCH_H_
#define TESTCELL_SRC_PROBE_PORT_WATCH_H_

#include <cstdint>

#include "posix/sock_diag.h"
#include "probe/seen.h"
#include "probe/sink.h"

namespace testcell::probe {

// True for a port that the kernel chooses when nobody does. A cell's network
// starts with the kernel's own range.
inline bool IsEphemeral(std::uint16_t port) { return port >= 32768 && port <= 60999; }

// In init. Async-signal-safe, no allocation.
class PortWatch {
 public:
  // Makes and closes a socket that AwaitTest() knows; 0: it can't be had. `ns`,
  // if not 0: the network namespace (SO_NETNS_COOKIE) that it has to be in.
  // Also for the test process.
  static std::uint64_t CloseLast(std::uint64_t ns);
  // False for a socket of another network namespace than `ns`, which a test may
  // make for itself. Where one of them is not known: true.
  static bool IsIn(std::uint64_t ns, int socket);

  // Forgets the last cell, whose descriptors went with its init.
  void Reset() {
    fd_ = -1;
    error_ = 0;
    Forget();
  }
  // Forgets the last test of this cell.
  void Forget() { any_ = overflowed_ = false; }
  // In the cell's network namespace, before the test. Without the kernel's
  // support nothing is open.
  void Open();
  void Close();
  int fd() const { return fd_; }           // -1: not open
  int error() const { return error_; }     // why it could not be opened, or 0
  std::uint64_t NetworkNamespace() const;  // for CloseLast(); 0: not known

  // Notes what has come.
  void Drain(Seen* seen, Sink* sink);
  // The same for all that was closed before. Each processor has a queue of its
  // own from which the kernel tells of sockets, so the last in it, which was
  // made for that, says when. `last`: of CloseLast(), called where the test
  // ran; 0: it was not. `elsewhere`: sockets may have been closed on other
  // processors than that one.
  void AwaitTest(std::uint64_t last, bool elsewhere, Seen* seen, Sink* sink);
  // A socket that lives, from a dump.
  void Note(const posix::InetSocket& socket, Seen* seen, Sink* sink);
  // Where nobody has said so before.
  static void ReportPort(const posix::InetSocket& socket, Seen* seen, Sink* sink);

 private:
  static constexpr std::size_t kMaxLast = 8;

  bool Receive(Seen* seen, Sink* sink);
  bool HasCome(std::uint64_t last) const;
  bool Await(std::uint64_t last, Seen* seen, Sink* sink);
  bool AwaitHere(Seen* seen, Sink* sink);
  void AwaitAllProcessors(Seen* seen, Sink* sink);

  int fd_ = -1;
  int error_ = 0;
  bool any_ = false;                   // a port of this cell was told of
  bool overflowed_ = false;            // some of this cell were lost
  bool works_ = false;                 // the kernel has told of sockets
  bool silent_ = false;                // it has not, and is not waited for again
  std::uint64_t last_[kMaxLast] = {};  // cookies of CloseLast() that have come
  std::size_t next_last_ = 0;
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_PORT_WATCH_H_
