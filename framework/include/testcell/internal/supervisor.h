// What a plugin for a test framework needs: units of work go in, each is run
// in a cell of its own, and what happened comes out as events, unit by unit.
//
//   Supervisor supervisor(settings);
//   const int plan = supervisor.AddPlan(options, &error);
//   switch (supervisor.Fork(units, &first, &error)) {
//     case Role::kTest: return RunUnit(*TestProcess::Current());  // in each cell
//     case Role::kError: return Fail(error);
//     case Role::kSupervisor: break;
//   }
//   for (Event event = supervisor.Next(first); event.kind != Event::Kind::kEnd;
//        event = supervisor.Next(first)) Replay(event);
//
// Threads and forks: one thread, the one that forks. Test processes are
// forked from the place where Fork() was called, and return from it. No
// exception leaves a function of this header.
#ifndef TESTCELL_INTERNAL_SUPERVISOR_H_
#define TESTCELL_INTERNAL_SUPERVISOR_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "testcell/finding.h"
#include "testcell/internal/connection.h"
#include "testcell/internal/held_text.h"
#include "testcell/internal/message.h"
#include "testcell/internal/run_settings.h"
#include "testcell/options.h"
#include "testcell/outcome.h"

namespace testcell {
namespace probe {
class OwnProbes;
}
namespace supervisor {
struct TestSetup;
}

namespace internal {

// A piece of work for one cell: one test, or the tests of a suite that shares
// its cell.
struct UnitSpec {
  std::string name;  // for messages to people
  int plan = 0;      // from AddPlan
  // For one test: counted from the order to run, and again from every
  // kTestStart. Zero: none.
  std::chrono::milliseconds time_limit{0};
  bool serial = false;   // beside no other unit
  bool dormant = false;  // runs only after Wake()
  int tests = 1;         // of a suite that shares its cell: those that are left
  // What it took in earlier runs; zero: unknown. Where several units run at once,
  // unknown ones start first, then long before short ones.
  std::chrono::milliseconds expected{0};
  int retries = 0;  // how often it is run again while the judge finds that it failed
  std::vector<Exclusive> exclusive;
};

struct Event {
  enum class Kind { kOutput, kMessage, kEnd };
  Kind kind = Kind::kEnd;
  int stream = 1;                       // kOutput: 1 or 2
  HeldText output;                      // kOutput
  Message message;                      // kMessage
  Outcome outcome;                      // kEnd
  std::vector<Leak> leaks;              // kEnd
  std::vector<Use> uses;                // kEnd
  std::uint32_t not_listed = 0;         // kEnd: of both, those that could not be told, at least
  std::vector<Connection> connections;  // kEnd
  // kEnd: files that could not be carried back, as sentences without an end.
  std::vector<std::string> carry_errors;
  std::string artifacts;  // kEnd: the directory of what was kept of it; empty: none
};

// A cell that is kept: `id` is the process id of its init.
struct KeptCell {
  std::string test;
  int id = 0;
};

enum class Role { kSupervisor, kTest, kError };

class Supervisor {
 public:
  explicit Supervisor(RunSettings settings);
  // Ends every cell that still lives, and waits until all are gone.
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // A number for these Options; -1 and why they can't be had. With a fallback, units
  // whose Options ask for what is refused end as skipped. Not after the first Fork.
  int AddPlan(const Options& options, std::string* error);

  // Forks the workers for these units and starts the first ones. The number
  // of the first unit comes back in *first, the others follow. Blocks until
  // one cell stands, or can't be made: then kError, and why.
  Role Fork(std::vector<UnitSpec> units, int* first, std::string* error);

  // The unit's next event, in order. Blocks; everything else goes on
  // meanwhile. After kEnd: kEnd without an outcome. Of a unit that may be run
  // again: those of its last run, once that has ended.
  Event Next(int unit);

  // The events of the unit's runs before the last, each run's up to its kEnd.
  // Blocks until the last has ended. Once.
  std::vector<std::vector<Event>> TakeFailedRuns(int unit);

  // Lets a dormant unit run.
  void Wake(int unit);

  // Has the unit's init send the signal. False if the unit does not run.
  bool Signal(int unit, int signal, Receiver receiver);

  // The unit's test process, by its number outside of cells, while it runs; or 0.
  int ProcessOf(int unit) const;

  // False for a unit that no cell was ever ordered to run.
  bool EverRan(int unit) const;

  // Starts nothing more, and ends what runs.
  void Stop();

  // Once all units have ended: lets the host have the files that they carry.
  // What went wrong, as sentences without an end. The destructor does the same.
  std::vector<std::string> Settle();

  // Those that live, in the order in which they came to be kept; and how many of
  // failed tests were not, since there are so many.
  std::vector<KeptCell> Kept();
  int not_kept() const;
  // Blocks until the run is interrupted, a line is read from `terminal` (-1:
  // none), or no cell is kept any more.
  void AwaitRelease(int terminal);

  // The signal that asked the run to end (SIGINT, SIGTERM), or 0.
  int interrupted() const;
  Rung rung() const;                                // the lowest of any cell so far
  const std::vector<MissingPart>& missing() const;  // of the plans, by a fallback
  int jobs() const;                                 // units at once, at most

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// The test process's own side. Messages are sent by the process that the cell
// was made for: in a process that the test forked, Send does nothing.
class TestProcess {
 public:
  // In a test process; else null.
  static TestProcess* Current();

  int unit() const { return unit_; }
  // False in a process that the test forked.
  bool IsOriginal() const;

  // Blocks while the supervisor is behind. With `after_output` the message
  // keeps its place among what was written to stdout and stderr before it:
  // flush stdio first.
  void Send(MessageType type, const std::string& payload, bool after_output);

  // Who is in charge from here on: what is used, is used by them. Costs
  // nothing where uses are not looked for or nobody else has been in charge.
  void SetUser(UsedBy by);
  // Looks for what the test left in this process and tells of it: once, after
  // the last tear-down and the last message.
  void ReportFindings();

  // What a failure should say of the cell's private file systems, as a
  // sentence; empty unless one of them is full now.
  std::string DescribeFullFileSystem() const;

  // In a process that the test forked and that came back from the test.
  [[noreturn]] void LeaveFork(bool failed);

 private:
  friend class Supervisor;
  TestProcess() = default;
  static TestProcess* Make(const supervisor::TestSetup& setup);
  bool Write(const void* data, std::size_t size);

  int unit_ = -1;
  std::uint64_t cookie_ = 0;
  int results_ = -1;
  std::uint64_t results_inode_ = 0;
  int output_[2] = {-1, -1};
  std::uint64_t output_inode_[2] = {0, 0};
  std::uint32_t last_mark_ = 0;
  const supervisor::TestSetup* setup_ = nullptr;
  probe::OwnProbes* probes_ = nullptr;  // null: nothing is looked for
  const char* original_ = nullptr;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_SUPERVISOR_H_
