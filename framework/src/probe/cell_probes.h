// What a worker's cells are watched by: one list of probes for init, and what
// the test process needs for its own. It lives as long as the worker.
#ifndef TESTCELL_SRC_PROBE_CELL_PROBES_H_
#define TESTCELL_SRC_PROBE_CELL_PROBES_H_

#include <sys/types.h>

#include <cstdint>

#include "probe/call_watch.h"
#include "probe/escape_watch.h"
#include "probe/fd_table.h"
#include "probe/file_events.h"
#include "probe/libc_threads.h"
#include "probe/path_watch.h"
#include "probe/places.h"
#include "probe/port_watch.h"
#include "probe/seen.h"
#include "probe/shared.h"
#include "probe/sink.h"
#include "protocol/control.h"

namespace testcell::probe {

// Where the kernel grants what it grants to others; error 0: it does.
struct WatchError {
  protocol::Watch watch = protocol::Watch::kFiles;
  int error = 0;
};

class CellProbes {
 public:
  // In the worker, in its user namespace. Never deleted: it goes with the
  // process. Null where there is no memory.
  // What is written to these file systems of the host is looked for.
  static CellProbes* Make(const Switches& switches, const HostFileSystems& systems);

  const Switches& switches() const { return switches_; }
  Shared* shared() { return shared_; }
  FdTable* fds_before() { return &fds_before_; }
  const LibcData& libc() const { return libc_; }
  // For whoever makes the cell to fill in, before Begin().
  PlaceFds* place_fds() { return &place_fds_; }

  // Its group of fanotify(7) whose events hold nothing of the file systems; -1: none.
  int group() const { return file_events_.fd(); }
  // While it waits for the next cell, every pause_ms().
  void DiscardFiles() const;

  // In init; async-signal-safe, no allocation.
  // The cell stands, and nothing has run in it.
  void Begin(const Places& places);
  // It is to run a test now, whose results go to this pipe.
  void Start(std::uint64_t cookie, int results);
  // The test process runs.
  void SetTest(pid_t test) { test_ = test; }
  // An orphan of the cell was reaped.
  void OnOrphan() { others_ = true; }
  // While the test runs: to be polled for input, then told of it. -1: nothing.
  int sockets_fd() const { return ports_.fd(); }
  void OnSockets() { ports_.Drain(&seen_, &sink_); }
  int calls_fd() const { return calls_.fd(); }
  void OnCall() { calls_.Serve(&escapes_, &seen_, &sink_); }
  // How long to wait at most for the next event, for OnPause(); -1: for ever.
  int pause_ms() const;
  void OnPause();
  // The test process has asked for one: what was used so far is by whoever was
  // in charge until now.
  void Checkpoint();
  // The test process is gone. How many findings could not be told.
  std::uint32_t End();
  // After that: as far as they see, the test has left the cell as it was.
  bool clean() const { return clean_; }
  // Such a cell is for another test, which is to be started.
  void Renew();
  WatchError error() const;

  // In the test process: what is init's.
  void CloseInTest();

 private:
  CellProbes() = default;

  bool WatchesCalls() const { return switches_.uses && switches_.all_uses; }
  bool HasProcesses();
  void Forget();
  void NoteOwnSockets();
  void DrainFiles();
  void TakeFile(const FileEvent& event);
  bool Keep(const FileEvent& event);
  void ReportObjects(bool leaks);
  void ReportLeaks(bool processes);
  void ReportUses(bool bound);

  Switches switches_;
  Shared* shared_;
  const Places* places_;
  PlaceFds place_fds_;
  FileEvents file_events_;
  PathWatch paths_;
  EscapeWatch escapes_;
  PortWatch ports_;
  CallWatch calls_;
  FdTable fds_before_;
  LibcData libc_;
  Seen seen_;
  Sink sink_;
  UsedBy by_;
  std::uint64_t inodes_before_;
  std::uint64_t newest_mount_;
  int results_;
  // Events that say what they mean when the test is over.
  static constexpr std::size_t kKeptBytes = 256u << 10;
  char kept_[kKeptBytes];
  std::size_t kept_size_;
  bool clean_;
  bool others_;  // processes or threads beside the test process's first, maybe
  pid_t test_;
  int mark_error_;
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_CELL_PROBES_H_
