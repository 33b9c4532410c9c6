// The supervisor's side of a slot: a worker and the cell that it has made or
// is making, with the pipes that come from there.
#ifndef TESTCELL_SRC_SUPERVISOR_SLOT_H_
#define TESTCELL_SRC_SUPERVISOR_SLOT_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cell/context.h"
#include "cell/plan.h"
#include "posix/unique_fd.h"
#include "protocol/control.h"
#include "protocol/frame.h"
#include "supervisor/lifeboat.h"
#include "supervisor/output_copy.h"
#include "supervisor/unit_log.h"

namespace testcell::supervisor {

using Clock = std::chrono::steady_clock;

class Slot {
 public:
  enum class State {
    kStarting,  // the worker has not said hello
    kIdle,      // the worker waits for an order
    kMaking,    // a cell is being made
    kReady,     // a cell waits for a unit
    kRunning,   // a unit runs
    kHeld,      // the unit has ended, the cell stays as it is
    kEnding,    // the unit has ended, the cell is being taken down
    kDead,      // no worker any more
  };

  // Makes the pipes; throws std::system_error.
  Slot(int crew, cell::UserMode user, bool one_output);

  // Both sides' descriptors, until the keeper is forked.
  const cell::SlotFds& remote() const { return remote_fds_; }
  void CloseRemote();

  bool Send(const protocol::Order& order);
  // The next report and, for one from init, init's process id; nothing when
  // none waits. Descriptors that came with it are in `base` and `packets`. `*closed` when nobody is
  // left on the other side.
  std::optional<protocol::Report> Receive(pid_t* sender, bool* closed);

  // A unit's run begins: its frames and marks carry this cookie.
  // A copy of what is printed is made where there is one.
  void BeginRun(std::uint64_t cookie, UnitLog* log, std::unique_ptr<OutputCopy> copy);
  const OutputCopy* output_copy() const { return copy_.get(); }
  // Takes in what the pipes hold right now, at most one buffer each.
  // True if a test's start was among it.
  bool ReadResults();
  void ReadOutput(int stream);
  // Takes in everything that was written before now, the lifeboat too.
  void Drain();
  // Whether anything of the unit has come: before its test's first line the
  // test process says what it begins.
  bool unit_heard() const { return heard_; }
  // Throws away what processes wrote after the unit's end.
  void Discard();

  bool done() const { return done_; }  // the unit's last message came
  std::uint64_t garbage_bytes() const { return decoder_.garbage_bytes(); }
  std::uint64_t lost_bytes() const { return lifeboat_.get()->lost; }
  Lifeboat* lifeboat() const { return lifeboat_.get(); }
  int control_fd() const { return control_.get(); }
  int results_fd() const { return results_.get(); }
  int output_fd(int stream) const { return output_[stream].get(); }
  int streams() const { return output_[1] ? 2 : 1; }

  // Kills the cell's init, and so everything in the cell.
  // False where there is no descriptor to do it by.
  bool KillCell();
  void SetInit(pid_t init);

  const int crew;
  const cell::UserMode user;
  State state = State::kStarting;
  std::uint32_t epoch = 0;  // of the worker that spoke last
  int plan = -1;            // of the cell in the making, ready or in use
  std::uint32_t flags = 0;  // that it was ordered with
  int unit = -1;            // kRunning
  pid_t init = -1;
  int tests = 0;              // units that the cell has been given
  bool reusable = true;       // false: a thread of its test kept capabilities
  int failures = 0;           // cells in a row that could not be made
  Clock::time_point since;    // of the state, or of the test within a shared unit
  Clock::time_point started;  // the order to run
  std::optional<Clock::time_point> deadline;
  bool slow_told = false;
  std::optional<Outcome> fate;  // decided before the test process ended
  std::optional<protocol::Report> test_end;
  std::optional<Outcome> verdict;  // of a unit whose end is not told yet
  posix::UniqueFd base;            // the cell's base tmpfs, where it was sent
  posix::UniqueFd packets;         // the cell's capture, where one was made
  int capture_error = 0;           // errno of why not

 private:
  void TakeFds(const protocol::Report& report, const unsigned char* data, std::size_t size);
  bool TakeFrames();
  void TakeOutput(int stream, bool final);

  posix::UniqueFd control_;
  posix::UniqueFd results_;
  posix::UniqueFd output_[2];
  posix::UniqueFd remote_[5];
  cell::SlotFds remote_fds_;
  posix::UniqueFd init_pidfd_;
  LifeboatMapping lifeboat_;
  protocol::FrameDecoder decoder_;
  protocol::MarkSplitter splitters_[2];
  UnitLog* log_ = nullptr;
  std::unique_ptr<OutputCopy> copy_;
  bool done_ = false;
  bool heard_ = false;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_SLOT_H_
