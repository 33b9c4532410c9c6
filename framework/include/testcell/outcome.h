// A test's fate, as far as a framework-neutral side can know it.
//
//   if (outcome.kind == testcell::OutcomeKind::kCrashed) Report(outcome.reason);
//
// Threads and forks: plain data.
#ifndef TESTCELL_OUTCOME_H_
#define TESTCELL_OUTCOME_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace testcell {

enum class OutcomeKind {
  kPassed,  // the test process said so and ended well
  kFailed,  // it reported a failure, or ended badly after its verdict
  kSkipped,
  kCrashed,      // ended by a signal, exit() or _exit() before its verdict
  kTimedOut,     // ended with its cell by the supervisor
  kSetupFailed,  // no cell could be made for it
  kInterrupted,  // the run was ended by SIGINT or SIGTERM
};

// How much of a cell the test had.
enum class Rung { kFull, kPartial, kFork };

// How far down a run may go where the host refuses a full cell.
enum class Fallback { kNone, kPartial, kFork };

struct Outcome {
  OutcomeKind kind = OutcomeKind::kPassed;
  int signal = 0;        // that ended the test process; 0: none
  int exit_status = -1;  // of the test process; -1: it was killed, or never ran
  std::string reason;    // for people; empty where there is nothing to add
  Rung rung = Rung::kFull;
  std::chrono::steady_clock::time_point started{};  // when it was ordered to run; zero: never
  std::chrono::microseconds wall{0};                // from the order to the end of the test process
  std::chrono::microseconds cpu{0};  // user and system, of the test process and its children
  std::int64_t max_rss_kib = 0;      // getrusage(2), ru_maxrss
  bool reused = false;               // its cell had served another test, and was left clean
};

// A part of a cell that a run goes without.
struct MissingPart {
  std::string name;    // as `testcell doctor --json` calls it
  std::string title;   // for people
  std::string reason;  // what was tried, the error, the remedy
  std::string lost;    // what there is not without it
};

// The names of the JSON report: "passed", "full" and so on; static storage.
const char* Name(OutcomeKind kind);
const char* Name(Rung rung);

}  // namespace testcell

#endif  // TESTCELL_OUTCOME_H_
