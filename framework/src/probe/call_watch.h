// The names that a cell's processes take by system calls, also those that they
// give back before the end, and whether or not they get them, or where they
// connect to: init is asked by the kernel about each call (seccomp_unotify(2)),
// notes it and lets it pass.
#ifndef TESTCELL_SRC_PROBE_CALL_WATCH_H_
#define TESTCELL_SRC_PROBE_CALL_WATCH_H_

#include <cstdint>

#include "probe/escape_watch.h"
#include "probe/seen.h"
#include "probe/sink.h"

struct seccomp_notif;

namespace testcell::probe {

// In init. Async-signal-safe, no allocation.
class CallWatch {
 public:
  struct Calls {
    bool names = false;  // those that take a name, and those that write to files
    // With names: of the latter those alone that the events of file systems don't
    // tell of.
    bool has_events = false;
    bool connections = false;  // connect(2)
  };

  void Reset() { fd_ = -1; }
  // For this process, which must make none of these calls any more, and for
  // all that it forks from now on. Where the kernel refuses it, fd() stays -1.
  // `network_namespace`: in which names are the cell's; 0: not known.
  void Install(const Calls& calls, std::uint64_t network_namespace);
  int fd() const { return fd_; }

  // When there is something to read.
  void Serve(EscapeWatch* escapes, Seen* seen, Sink* sink);

 private:
  void Note(const seccomp_notif& call, Seen* seen, Sink* sink);

  int fd_ = -1;
  std::uint64_t network_namespace_ = 0;
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_CALL_WATCH_H_
