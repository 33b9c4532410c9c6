// The plugin in the parent process: decides what runs where, has it run in
// cells, and replays it to GoogleTest in GoogleTest's own order.
#ifndef TESTCELL_GTEST_SRC_PLUGIN_H_
#define TESTCELL_GTEST_SRC_PLUGIN_H_

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "environment.h"
#include "failed_runs.h"
#include "findings.h"
#include "flags.h"
#include "streamer.h"
#include "testcell/internal/history.h"
#include "testcell/internal/status_line.h"
#include "testcell/internal/supervisor.h"
#include "unit_judge.h"
#include "unit_replay.h"

namespace testcell {
namespace internal {

// What a program said before RUN_ALL_TESTS().
struct Setup {
  Flags flags;
  Options default_options;
  std::vector<::testing::TestEventListener*> cell_listeners;
  std::vector<std::string> visible;  // as in RunSettings
};

// For a program that starts others: a file that tests need although it lies in
// a directory that is private. Before RUN_ALL_TESTS().
void KeepVisible(const std::string& path);

class Plugin : public EnvironmentHook {
 public:
  explicit Plugin(Setup setup);
  ~Plugin() override;

  // Around UnitTest::Run(). The status to end with.
  int Finish(int status);
  // In a test process whose test has left RUN_ALL_TESTS().
  [[noreturn]] void LeaveTest();

  // GoogleTest's events: End events first of all listeners, Start events last.
  void OnTestIterationStart(int iteration);
  void OnTestSuiteStart(const ::testing::TestSuite& suite);
  void OnTestEnd(const ::testing::TestInfo& test);
  void OnTestSuiteEnd(const ::testing::TestSuite& suite);
  void OnTestIterationEnd();
  // While a result of a cell was given to the listeners of the parent.
  void OnListenerThrew();

  // EnvironmentHook
  bool ActsInThisProcess() override;
  void BeforeSetUp() override;
  void AfterSetUp() override;
  void AfterTearDown() override;

  // From the proxies that stand in a test's and a suite's place.
  void PlayTest(::testing::TestInfo* test);
  void SetUpSuite(::testing::TestSuite* suite);
  void TearDownSuite(::testing::TestSuite* suite);

 private:
  // A suite with tests that run in cells, for one iteration.
  struct IsolatedSuite {
    ::testing::TestSuite* suite = nullptr;
    std::vector<::testing::TestInfo*> tests;  // selected, in order
    Options options;
    bool own_options = false;  // its fixture's
    bool marked = false;       // its fixture derives from testcell::Test
    Suites mode = Suites::kCell;
    int plan = -1;
    int first_unit = -1;
    std::vector<::testing::internal::TestFactoryBase*> factories;  // the tests' own
    ::testing::internal::SetUpTestSuiteFunc set_up = nullptr;
    ::testing::internal::TearDownTestSuiteFunc tear_down = nullptr;
    std::set<std::string> set_up_told;
    bool forked = false;
    Recording failed_set_up;  // of the unit whose set-up did not come to its end
    std::vector<Recording> tear_downs;
    PropertyList properties;
    int unit_in_use = -1;  // of a suite that shares its cell
  };
  struct TestPlace {
    IsolatedSuite* suite = nullptr;
    int index = 0;
    TestEnd end;
    bool ended = false;
  };

  bool ForksAfterSetUp(int iteration) const;
  void SelectTests();
  bool AddSuite(::testing::TestSuite* suite);
  void PlanSuites();
  bool SuitesInParent() const;
  // Forks workers for these suites; returns in test processes, too.
  void Fork(const std::vector<IsolatedSuite*>& suites);
  UnitSpec MakeSpec(const IsolatedSuite& suite, std::size_t test) const;
  void BecomeTest();
  void UseCellListeners();
  void SetAsideUserListeners();
  void SwapFactories(IsolatedSuite* suite);
  void RestoreFactories();

  UnitReplay& ReplayOf(const TestPlace& place);
  void SayWhereItRuns(int unit) const;
  int UnitOf(const TestPlace& place) const;
  void PlaySetUps(UnitReplay* replay, IsolatedSuite* suite);
  void TakeTearDowns(UnitReplay* replay, IsolatedSuite* suite);
  void TakeUnplayed(IsolatedSuite* suite);
  static bool PlaysTearDown(const IsolatedSuite& suite);
  // To the unit's end, by way of its tear-downs.
  CellEnd EndUnit(UnitReplay* replay, IsolatedSuite* suite);
  static void MatchParts(::testing::TestInfo* test, int first, std::uint64_t played,
                         std::uint64_t counted);
  int RetriesOf(const IsolatedSuite& suite) const;
  std::string LeakFailure(int unit, const CellEnd& end) const;
  FailedRuns PlayFailedRuns(const ::testing::TestInfo& test, const TestPlace& place);
  void PlayLastRun(::testing::TestInfo* test, TestPlace* place, const FailedRuns& before);
  std::string TestName(int unit, std::size_t index) const;
  void PrepareForFailures(RunSettings* settings);
  void NoteArtifacts(std::vector<std::string> paths, const std::string& last);
  void TellOfArtifacts() const;
  void AwaitRelease();
  void NoteFailedRuns(const ::testing::TestInfo& test, const FailedRuns& runs);
  void ReportOutcome(const ::testing::TestInfo& test, const Outcome& outcome, bool told);
  void KeepDuration(const ::testing::TestInfo& test, std::chrono::microseconds took);
  void LeaveOut(const ::testing::TestInfo& after);
  void EndIteration();
  [[noreturn]] void RefuseToRun(const std::string& error);
  [[noreturn]] void Exit(int status);

  Setup setup_;
  Findings findings_;
  History history_;
  StatusLine status_line_;
  UnitJudge judge_;
  ::testing::TestEventListener* listener_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<Supervisor> keeper_;  // of the last iteration, if it keeps cells
  std::vector<std::unique_ptr<IsolatedSuite>> suites_;
  std::unordered_map<const ::testing::TestSuite*, IsolatedSuite*> by_suite_;
  std::unordered_map<const ::testing::TestInfo*, TestPlace> by_test_;
  std::vector<TestUnit> units_;  // by the supervisor's numbers
  std::unordered_map<int, UnitReplay> replays_;
  std::unordered_map<int, std::vector<std::vector<FailedRun>>> failed_runs_;  // by run and test
  std::vector<XmlEntry> xml_entries_;
  std::set<std::string> artifacts_;  // all that were written
  bool in_process_tests_ = false;
  bool environments_played_ = false;
  bool told_of_throwing_listener_ = false;
  int interrupted_ = 0;
  std::set<std::string> environment_set_up_told_;
  std::vector<Recording> environment_tear_downs_;
  PropertyList program_properties_;
  std::unique_ptr<::testing::TestEventListeners> user_listeners_;
  // In a test process.
  std::unique_ptr<::testing::TestEventListeners> cell_listeners_;
  std::unique_ptr<Streamer> streamer_;
};

// The one plugin of this process, while RUN_ALL_TESTS() runs; else null.
Plugin* CurrentPlugin();

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_PLUGIN_H_
