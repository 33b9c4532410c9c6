// The control socket between the supervisor and a slot: orders go in, reports
// come out. One datagram each (SOCK_SEQPACKET), so neither is ever partial.
// While a cell lives its init holds the other end's conversation; between
// cells the worker does. A worker that takes the place of one that was killed
// has a new epoch: it says so, and takes no order that was meant for the other.
#ifndef TESTCELL_SRC_PROTOCOL_CONTROL_H_
#define TESTCELL_SRC_PROTOCOL_CONTROL_H_

#include <cstdint>

namespace testcell::protocol {

enum class OrderKind : std::uint32_t { kMake = 1, kRun, kSignal, kKeep, kLetGo };

enum OrderFlags : std::uint32_t {
  kSharedWorkingDirectory = 1,  // the host refused the private one, and may
  kHoldCell = 2,                // after its end the cell stays as it is until it is killed
  kCaptureLoopback = 4,
  kReuseCell = 8,  // after a test that left it clean it waits for the next
};

enum DoneFlags : std::uint32_t {
  kCellIsClean = 1,  // and waits for another order to run
};

// Descriptors that come with kReady, in this order.
enum ReadyFlags : std::uint32_t {
  kBaseComes = 1,    // the base tmpfs, where files are carried or the cell is held
  kPacketsCome = 2,  // of the capture
};

enum FullFlags : std::uint32_t {
  kBaseFull = 1,  // the private file system that holds everything else
  kShmFull = 2,   // the one of /dev/shm alone
};

// What findings come from.
enum class Watch : std::uint32_t { kFiles, kMarks, kPorts };

struct Order {
  OrderKind kind;
  std::uint32_t plan;      // kMake
  std::uint32_t unit;      // kRun
  std::uint32_t flags;     // kMake: OrderFlags
  std::uint32_t signal;    // kSignal
  std::uint32_t receiver;  // kSignal: internal::Receiver
  std::uint64_t epoch;     // of the worker that it is for
  std::uint64_t cookie;    // kRun: of this cell's frames and marks
};

enum class ReportKind : std::uint32_t {
  kHello = 1,    // worker: up and in its user namespace
  kReady,        // init: the cell stands
  kFailed,       // worker or init: at `step`, with `error`, on `detail`
  kTestStopped,  // init: the test process was stopped by a signal
  kTestEnded,    // init: the test process is gone
  kCellDone,     // init: all that is to be said of the cell was said
  kIdle,         // worker: init is gone and so is the cell
  kKept,         // init: the cell is kept, under the name by which it is found
  // Test process: it had more than one thread before it gave up its capabilities.
  kTestHasThreads,
};

inline constexpr std::size_t kMaxDetail = 160;

struct Report {
  ReportKind kind;
  std::uint32_t step;           // kFailed: cell::Step; kCellDone: Watch that failed
  std::int32_t error;           // both: errno, or 0; kReady: why there is no capture
                                // that was asked for, or 0
  std::int32_t wait_status;     // kTestStopped, kTestEnded, kIdle: as waitpid(2) gives it
  std::uint64_t cpu_us;         // kTestEnded
  std::int64_t max_rss_kib;     // kTestEnded
  std::uint64_t ended_ns;       // kTestEnded: CLOCK_MONOTONIC
  std::uint32_t lost_findings;  // kCellDone: of what could not be told
  std::uint32_t flags;          // kHello: epoch; kReady: ReadyFlags; kTestEnded: FullFlags;
                                // kCellDone: DoneFlags
  char detail[kMaxDetail];      // kFailed: the object, zero-terminated
};

}  // namespace testcell::protocol

#endif  // TESTCELL_SRC_PROTOCOL_CONTROL_H_
