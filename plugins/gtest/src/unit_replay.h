// Replays what a unit's test process reported into GoogleTest, piece by
// piece: set-ups, each test, tear-downs.
#ifndef TESTCELL_GTEST_SRC_UNIT_REPLAY_H_
#define TESTCELL_GTEST_SRC_UNIT_REPLAY_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "testcell/internal/supervisor.h"

namespace testcell {
namespace internal {

using PropertyList = std::vector<std::pair<std::string, std::string>>;

// Prints to this process's own stdout or stderr, in order with GoogleTest.
void Print(int stream, HeldText output);

// Gives a result to GoogleTest as it came, without what an assertion adds.
void ReportPart(::testing::TestPartResult::Type type, const std::string& file, int line,
                const std::string& message);

// By --gtest_break_on_failure or --gtest_throw_on_failure: then ReportPart does
// not return from a failure.
bool RunEndsAtFailure();

// As GoogleTest prints it, with its newline; empty for what is no failure.
std::string FailureText(const Message& message);
// Of a kAllow.
Allowance ReadAllowance(const Message& message);

// A stretch of output and results, kept to be replayed at another place.
struct Recording {
  void Add(Event event);

  std::vector<Event> events;
  bool failed = false;   // holds a failure
  bool skipped = false;  // holds a skip
};
void Replay(Recording recording);
// Whether it holds a failure that is not among those told, where it is then.
bool TellsNews(const Recording& recording, std::set<std::string>* told);

// "while an Environment was set up: ", for what ended a unit early there; empty where
// that was the test itself, or nothing. `done`: the process had said that it is done.
std::string WhereEnded(Phase phase, bool done, const Outcome& outcome);

struct TestEnd {
  std::int64_t elapsed_ms = 0;
  std::int64_t start_timestamp_ms = 0;
  std::uint64_t parts = 0;  // that the test process counted
  PropertyList properties;
};

class UnitReplay {
 public:
  UnitReplay(Supervisor* supervisor, int unit) : supervisor_(supervisor), unit_(unit) {}

  // Plays or records what belongs to a phase; stops where another begins. The
  // phase's own beginning is passed over.
  void PlayPhase(Phase phase);
  Recording RecordPhase(Phase phase);
  // True if the unit came to its test of this index; then what belongs to it
  // was played. Output is held back and shown for a failed test only, if so
  // asked.
  bool PlayTest(std::size_t index, bool only_if_failed, TestEnd* end);
  // What PlayTest held back of a test that passed until now, and did not pass.
  void ShowHeldOutput() { Replay(std::move(held_output_)); }
  // To the end of the unit.
  const Outcome& AwaitEnd();

  // At the end of the unit.
  const std::vector<std::string>& carry_errors() const { return next_.carry_errors; }
  const std::string& artifacts() const { return next_.artifacts; }
  std::string where_ended() const { return WhereEnded(phase_, done_, next_.outcome); }

  // Where the next event belongs to; the unit's end counts as none.
  bool At(Phase phase);
  bool AtEnd();
  // True once the test process has said, by itself, that it is done.
  bool done() const { return done_; }
  std::uint64_t parts_played() const { return parts_played_; }
  bool failed() const { return failed_; }
  const PropertyList& suite_properties() const { return suite_properties_; }
  const PropertyList& program_properties() const { return program_properties_; }
  const std::vector<Allowance>& allowances() const { return allowances_; }
  // After AwaitEnd().
  const std::vector<Leak>& leaks() const { return next_.leaks; }
  const std::vector<Use>& uses() const { return next_.uses; }
  std::uint32_t not_listed() const { return next_.not_listed; }

 private:
  const Event& Peek();
  bool ComeTo(std::size_t index, Recording* held);
  void PlayOrHold(Event event, Recording* held);  // held: null, or where to
  Event Take();
  void Play(Event event);

  Supervisor* supervisor_;
  int unit_;
  bool peeked_ = false;
  bool done_ = false;
  Event next_;
  Phase phase_ = Phase::kTest;
  std::uint64_t parts_played_ = 0;
  bool failed_ = false;
  Recording held_output_;
  PropertyList suite_properties_;
  PropertyList program_properties_;
  std::vector<Allowance> allowances_;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_UNIT_REPLAY_H_
