// What a run was and what it found, gathered test by test, and the forms in
// which people and machines read it.
//
//   report::Recorder recorder;
//   recorder.Allow({LeakKind::kThread, "logger*", "lives as long as the program"}, "");
//   recorder.Judge("Suite", own_allowances, &test.leaks);  // marks what is allowed
//   recorder.Add(std::move(test));
//   const report::Run& run = recorder.Finish(end);
//   std::string error = report::WriteFile("report.json", report::Json(run));
//
// Between a plugin and the framework of one version only: nothing here is for
// users. Threads and forks: plain data; no function is safe to call for the
// same object from two threads, none forks. No exception leaves this header.
#ifndef TESTCELL_INTERNAL_REPORT_H_
#define TESTCELL_INTERNAL_REPORT_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "testcell/finding.h"
#include "testcell/outcome.h"

namespace testcell {
namespace report {

struct Test {
  std::string suite;
  std::string name;  // without the suite
  // As CMake's gtest_discover_tests calls it; empty: by its full name.
  std::string ctest_name;
  Outcome outcome;
  bool in_process = false;             // it had no cell
  bool examined = false;               // what it left was looked for, when its cell ended
  std::chrono::microseconds start{0};  // since the run's start
  int attempts = 1;
  bool flaky = false;  // both passed and failed
  std::vector<Leak> leaks;
  std::vector<Use> uses;
  std::uint32_t not_listed = 0;  // of both, those that could not be told, at least

  std::string FullName() const { return suite + "." + name; }
};

// A leak that is nobody's own.
struct RunLeak {
  Leak leak;                       // as the first test left it
  std::vector<std::string> tests;  // that left it alike
  std::string suite;               // whose set-up failed, so that no test ran; empty: of most tests
};

struct AllowanceCount {
  Allowance allowance;
  int matched = 0;  // leaks
  // Made by a test or its set-up, which did run; else by the program or for a
  // suite, of which tests may have been left out.
  bool by_test = false;
};

// Something that a shared set-up uses: the tests that share it don't collide.
struct SharedUse {
  Use use;
  std::string suite;  // empty: of the Environments
  int tests = 0;
};

struct Run {
  int jobs = 1;
  std::chrono::microseconds wall{0};
  bool left_out = false;             // of the program's tests, some did not run
  std::vector<MissingPart> missing;  // what cells had to do without
  bool reuse = false;                // cells were to be used again
  std::vector<Test> tests;
  std::vector<RunLeak> leaks;
  std::vector<AllowanceCount> allowances;
  std::vector<SharedUse> shared_uses;
  std::vector<Conflict> conflicts;
  // The same where every test is run by a process of its own, as by CTest: each
  // of them sets up anew what tests of one process share.
  std::vector<Conflict> conflicts_apart;
};

// "full", "partial" or "fork": the lowest of the tests in cells; "off".
const char* Isolation(const Run& run);

// How many tests had a cell that served another before them.
int CountReused(const Run& run);

// Whether the whole of `text` matches an Allowance's pattern.
bool MatchesPattern(const std::string& pattern, const std::string& text);

// How the tests would be run without cells.
enum class Processes { kOne, kOneATest };

// Whose uses would collide, by rules that docs/report.md explains.
std::vector<Conflict> FindConflicts(const std::vector<Test>& tests,
                                    Processes processes = Processes::kOne);

class Recorder {
 public:
  // For all tests, or for those of a suite. A second time: no difference.
  void Allow(const Allowance& allowance, const std::string& suite);

  // Marks the leaks that are allowed, by the program, for the suite, or by
  // `own`, which the cell that left them made.
  void Judge(const std::string& suite, const std::vector<Allowance>& own, std::vector<Leak>* leaks);

  // A test that ran. If it is known already, from an earlier iteration: the
  // worst outcome stays, and every finding is kept once.
  void Add(Test test);

  // What a cell left whose set-up failed, so that it ran no test.
  void AddLeaks(const std::string& suite, std::vector<Leak> leaks);

  // What an earlier run has counted.
  void Count(const AllowanceCount& count) { allowances_.push_back(count); }

  struct End {
    int jobs = 1;
    std::chrono::microseconds wall{0};
    bool left_out = false;
    std::vector<MissingPart> missing;
    bool reuse = false;
    bool conflicts = true;  // look for them
  };
  // The run as it is by now. More may be added after.
  Run Finish(const End& end) const;

 private:
  std::size_t IndexOf(const Allowance& allowance, bool by_test);
  void Apply(const std::vector<std::size_t>& allowances, Leak* leak);

  std::vector<Test> tests_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::vector<RunLeak> leaks_;
  std::vector<AllowanceCount> allowances_;
  std::unordered_map<std::string, std::size_t> by_allowance_;
  // Which hold for a suite; those of the whole program stand under "".
  std::unordered_map<std::string, std::vector<std::size_t>> scopes_;
};

// One line of printable text, cut after some hundred findings; empty for none:
// "process: sleep 1000 (pid 7); file: /tmp/state (allowed: REASON)".
std::string Line(const std::vector<Leak>& leaks);
// "tcp 0.0.0.0:80; path /tmp/state"
std::string Line(const std::vector<Use>& uses);
// A line for each leak that is not allowed, and one for what helps to find its
// origin.
std::string Paragraph(const std::vector<Leak>& leaks);
// One for each conflict: "  tcp 0.0.0.0:80: A.a, B.b and 3 more".
std::string Paragraph(const std::vector<Conflict>& conflicts);

struct TextStyle {
  bool color = false;
  int width = 80;  // columns
};

// For the terminal, after the test framework's own summary; empty when there
// is nothing to say.
std::string Text(const Run& run, const TextStyle& style);

// By docs/report.schema.json.
std::string Json(const Run& run);

// The reverse: empty, or what is wrong with the text, as the end of a sentence.
// What the report does not tell stays as it is made.
std::string ReadJson(const std::string& text, Run* run);

// As if shards had run one after another: starts and times follow those of the
// shards before, and nothing else is taken for having happened at once. Conflicts
// and run-wide leaks are found anew. No test may be in two shards.
Run Merge(std::vector<Run> shards);

// One page that needs nothing else, neither files nor a network.
std::string Html(const Run& run);

// Empty, or why the path could not be written, as a sentence. The file is
// whole or not there: it takes its name when it is complete. What is no
// regular file (a pipe, a terminal) is written to as it is.
std::string WriteFile(const std::string& path, const std::string& content);

// The same, without writing: whether it could be by now.
std::string CheckWritable(const std::string& path);

}  // namespace report
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_REPORT_H_
