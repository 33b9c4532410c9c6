// What tests leave and use, beside their verdicts: gathered for the reports,
// judged by the policies, and told to GoogleTest as far as it has a place.
#ifndef TESTCELL_GTEST_SRC_FINDINGS_H_
#define TESTCELL_GTEST_SRC_FINDINGS_H_

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "flags.h"
#include "testcell/internal/report.h"

namespace testcell {
namespace internal {

// What came of a cell when it ended.
struct CellEnd {
  Outcome outcome;
  std::vector<Allowance> allowances;  // that its tests made
  std::vector<Leak> leaks;
  std::vector<Use> uses;
  std::uint32_t not_listed = 0;
};

// A test as it ran in its cell.
struct TestRun {
  std::int64_t started_ms = 0;  // since the epoch; 0: unknown
  std::int64_t elapsed_ms = 0;
  int runs_before = 0;         // of its unit, which was run again
  bool failed_before = false;  // the test, in one of them
};

// One run of RUN_ALL_TESTS(), over all its iterations.
class Findings {
 public:
  explicit Findings(const Flags& flags);

  // Reports can be written, as far as can be known now: empty, or why not.
  static std::string Check(const Flags& flags);

  // As it has turned out: how many tests at once, and without what.
  void SetIsolation(int jobs, const std::vector<MissingPart>& missing);
  // A suite's tests will run in cells with these Options.
  void AddSuite(const std::string& suite, const Options& options);
  // What is to be looked for, so that every suite gets what it asks for.
  void AddProbes(const Options& options, ProbeSettings* probes) const;

  // Judges what a cell left; what its suite does not want to know is dropped.
  void Judge(const std::string& suite, const Options& options, CellEnd* end);
  // What fails its test for what it left, which is not judged yet: empty, or why.
  std::string LeakFailure(const std::string& suite, const Options& options,
                          const CellEnd& end) const;
  // Whether what it left, as judged, fails its test.
  bool IsFailure(const Options& options, const CellEnd& end) const;
  // While GoogleTest's current test is this one: records its properties, and
  // fails it if its suite's policy is so. `end`, which is judged, is null for a test that shares
  // its cell with one after it.
  void AddTest(const ::testing::TestInfo& test, const Options& options, CellEnd* end,
               const TestRun& run);
  // A test that ran in this process, and has ended.
  void AddInProcess(const ::testing::TestInfo& test);
  // A cell whose set-up did not succeed, so that no test ran.
  void AddUnplayed(const std::string& suite, const Options& options, CellEnd* end);

  // Takes over GoogleTest's verdicts; tells it of conflicts that are to fail
  // the run. Before listeners see the end of the iteration.
  void EndIteration(bool interrupted);
  // After GoogleTest's own summary: prints, writes, and gives the status to
  // end with.
  int Finish(int status);

 private:
  struct Ran {
    const ::testing::TestInfo* test;
    report::Test record;
    bool failed_before = false;
  };

  Leaks PolicyOf(const Options& options) const { return options.leaks.value_or(flags_.leaks); }
  std::chrono::microseconds SinceStart(std::int64_t epoch_ms) const;
  report::Run TheRun() const;
  int WriteReports(const report::Run& run, int status) const;

  const Flags& flags_;
  int jobs_;
  std::vector<MissingPart> missing_;
  std::chrono::steady_clock::time_point started_;
  std::int64_t started_epoch_ms_;
  report::Recorder recorder_;
  std::vector<Ran> ran_;  // in this iteration
  bool any_iteration_ = false;
  bool left_out_ = false;
  bool conflicts_failed_ = false;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_FINDINGS_H_
