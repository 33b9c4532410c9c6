#include "plugin.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "preconditions.h"
#include "private_access.h"
#include "proxy.h"
#include "shard.h"

#ifndef TESTCELL_KEEP_GTEST_MACROS
#define TESTCELL_KEEP_GTEST_MACROS
#endif
#include "testcell/internal/fixture.h"
#include "testcell/internal/hooks.h"
#include "unseen_suites.h"

namespace testcell {
namespace internal {
namespace {

Plugin* g_plugin = nullptr;

// Where a test or a death test calls exit(), GoogleTest deletes its listeners
// while RUN_ALL_TESTS() has the plugin on its stack: so this one is not it.
class PluginListener : public ::testing::EmptyTestEventListener {
 public:
  explicit PluginListener(Plugin* plugin) : plugin_(plugin) {}

  void OnTestProgramStart(const ::testing::UnitTest&) override { DivideTests(); }
  void OnTestIterationStart(const ::testing::UnitTest&, int iteration) override {
    plugin_->OnTestIterationStart(iteration);
  }
  void OnTestSuiteStart(const ::testing::TestSuite& suite) override {
    plugin_->OnTestSuiteStart(suite);
  }
  void OnTestEnd(const ::testing::TestInfo& test) override { plugin_->OnTestEnd(test); }
  void OnTestSuiteEnd(const ::testing::TestSuite& suite) override {
    plugin_->OnTestSuiteEnd(suite);
  }
  void OnTestIterationEnd(const ::testing::UnitTest&, int) override {
    plugin_->OnTestIterationEnd();
  }

 private:
  Plugin* plugin_;
};

// A death test of the threadsafe style executes the program once more, which
// would connect to what --gtest_stream_result_to names, and end where that is
// not to be had, as in a network of its own.
void KeepDeathTestsFromStreaming() {
#if GTEST_HAS_DEATH_TEST && GTEST_CAN_STREAM_RESULTS_
  ::unsetenv("GTEST_STREAM_RESULT_TO");
  std::vector<std::string> kept;
  for (const std::string& argument : ::testing::internal::GetInjectableArgvs()) {
    if (argument.find("-gtest_stream_result_to=") > 1) kept.push_back(argument);
  }
  ::testing::internal::SetInjectableArgvs(kept);
#endif
}

}  // namespace

Plugin* CurrentPlugin() { return g_plugin; }

Plugin::Plugin(Setup setup)
    : setup_(std::move(setup)),
      findings_(setup_.flags),
      status_line_(STDOUT_FILENO),
      judge_([this](int unit, const CellEnd& end) { return LeakFailure(unit, end); },
             [this](int unit, std::size_t index) { return TestName(unit, index); }),
      listener_(new PluginListener(this)) {
  g_plugin = this;
  SetEnvironmentHook(this);
  if (setup_.flags.listeners == Listeners::kCell) SetAsideUserListeners();
  ::testing::UnitTest::GetInstance()->listeners().Append(listener_);
}

Plugin::~Plugin() {
  // By way of an exception that nobody between here and the test has caught:
  // the program's own end of RUN_ALL_TESTS() is the parent's to reach.
  if (TestProcess::Current() != nullptr) std::abort();
  if (supervisor_ != nullptr) EndIteration();
  delete ::testing::UnitTest::GetInstance()->listeners().Release(listener_);
  g_plugin = nullptr;
  SetEnvironmentHook(nullptr);
}

int Plugin::Finish(int status) {
  if (TestProcess::Current() != nullptr) streamer_->Finish();
  constexpr int kSignalBase = 128;
  for (const std::string& error : {AddFailedRunsToOutput(xml_entries_), history_.Save()}) {
    if (error.empty()) continue;
    std::fflush(stdout);
    std::fprintf(stderr, "testcell: %s\n", error.c_str());
    if (status == 0) status = 1;
  }
  status = findings_.Finish(interrupted_ != 0 ? kSignalBase + interrupted_ : status);
  TellOfArtifacts();
  AwaitRelease();
  return status;
}

void Plugin::LeaveTest() {
  std::fflush(nullptr);
  WriteCoverage();
  ::_exit(1);
}

void Plugin::RefuseToRun(const std::string& error) {
  std::fflush(stdout);
  std::fprintf(stderr, "testcell: no test was run: %s\n", error.c_str());
  Exit(2);
}

void Plugin::Exit(int status) {
  supervisor_.reset();
  std::exit(status);
}

// Cells

void Plugin::Fork(const std::vector<IsolatedSuite*>& suites) {
  std::vector<UnitSpec> specs;
  int next = static_cast<int>(units_.size());
  for (IsolatedSuite* suite : suites) {
    suite->first_unit = suite->unit_in_use = next;
    suite->forked = true;
    for (std::size_t test = 0; test < suite->tests.size(); ++test, ++next) {
      specs.push_back(MakeSpec(*suite, test));
      TestUnit unit;
      unit.suite = suite->suite;
      const std::size_t end = suite->mode == Suites::kShared ? suite->tests.size() : test + 1;
      unit.tests.assign(suite->tests.begin() + static_cast<std::ptrdiff_t>(test),
                        suite->tests.begin() + static_cast<std::ptrdiff_t>(end));
      unit.suite_in_parent = suite->mode == Suites::kParent;
      unit.environments_in_parent = unit.suite_in_parent || setup_.flags.environments_in_parent;
      units_.push_back(std::move(unit));
    }
  }
  // What waits in a buffer would be written by every test process again.
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  int first = 0;
  std::string error;
  switch (supervisor_->Fork(std::move(specs), &first, &error)) {
    case Role::kTest:
      BecomeTest();
      return;
    case Role::kError:
      RefuseToRun(error);
    case Role::kSupervisor:
      break;
  }
  for (IsolatedSuite* suite : suites) SwapFactories(suite);
}

void Plugin::BecomeTest() {
  EnterOtherProcess();
  GiveBackShard();
  // Piped output would wait in a buffer, and be lost in a crash.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  TestProcess* const process = TestProcess::Current();
  const TestUnit& unit = units_[static_cast<std::size_t>(process->unit())];
  SetShouldRun(*unit.suite, true);
  for (::testing::TestInfo* test : unit.tests) SetShouldRun(*test, true);

  KeepDeathTestsFromStreaming();
  streamer_ = std::make_unique<Streamer>(process, unit);
  UseCellListeners();
  ResetExitTools();
  streamer_->Begin();
}

// A list of our own, since RunAllTests() has taken its own pointer to the old
// one already: that goes on getting the events of iterations and Environments.
void Plugin::UseCellListeners() {
  ::testing::TestEventListeners& listeners = ::testing::UnitTest::GetInstance()->listeners();
  cell_listeners_ = std::make_unique<::testing::TestEventListeners>();
  ::testing::TestEventListeners* const fresh = cell_listeners_.get();
  // The first sees the End events last: what listeners of the cell say about
  // the test is still part of it.
  fresh->Append(streamer_.get());
  ::testing::TestEventListeners& users = user_listeners_ ? *user_listeners_ : listeners;
  if (setup_.flags.listeners != Listeners::kParent) {
    delete users.Release(users.default_result_printer());
    delete users.Release(users.default_xml_generator());
    users.Release(listener_);
    fresh->Append(NewForwarder(Repeater(users)));
  }
  if (setup_.flags.listeners != Listeners::kBoth) SetEventForwarding(listeners, false);
  std::swap(Repeater(listeners), Repeater(*fresh));
  for (::testing::TestEventListener* listener : setup_.cell_listeners) listeners.Append(listener);
}

// --testcell_listeners=cell: the parent keeps GoogleTest's own listeners.
void Plugin::SetAsideUserListeners() {
  ::testing::TestEventListeners& listeners = ::testing::UnitTest::GetInstance()->listeners();
  user_listeners_ = std::make_unique<::testing::TestEventListeners>();
  ::testing::TestEventListener* const printer =
      listeners.Release(listeners.default_result_printer());
  ::testing::TestEventListener* const generator =
      listeners.Release(listeners.default_xml_generator());
  std::swap(Repeater(listeners), Repeater(*user_listeners_));
  if (printer != nullptr) listeners.Append(printer);
  if (generator != nullptr) listeners.Append(generator);
}

void Plugin::SwapFactories(IsolatedSuite* suite) {
  suite->factories.clear();
  for (::testing::TestInfo* test : suite->tests) {
    suite->factories.push_back(GetFactory(*test));
    SetFactory(*test, NewProxyFactory(test));
  }
}

void Plugin::RestoreFactories() {
  for (const auto& suite : suites_) {
    for (std::size_t i = 0; i < suite->factories.size(); ++i) {
      delete GetFactory(*suite->tests[i]);
      SetFactory(*suite->tests[i], suite->factories[i]);
    }
    SetUpFunction(*suite->suite) = suite->set_up;
    TearDownFunction(*suite->suite) = suite->tear_down;
  }
}

// After a set-up that fails no test is played, so that its unit would not be.
bool Plugin::PlaysTearDown(const IsolatedSuite& suite) {
  return suite.set_up != nullptr || suite.tear_down != nullptr;
}

// GoogleTest's events, in the parent

// With --testcell_environments=parent; not where no Environment is to come.
bool Plugin::ForksAfterSetUp(int iteration) const {
  if (!setup_.flags.environments_in_parent || EnvironmentCount() == 0) return false;
#ifdef GTEST_FLAG_GET  // 1.12 or later: the first iteration's may serve all
  if (iteration > 0 && GTEST_FLAG_GET(repeat) >= 0) {
    return GTEST_FLAG_GET(recreate_environments_when_repeating);
  }
#endif
  static_cast<void>(iteration);
  return true;
}

void Plugin::OnTestIterationStart(int iteration) {
  if (interrupted_ != 0) Exit(Finish(1));
  keeper_.reset();
  in_process_tests_ = false;
  environments_played_ = false;
  xml_entries_.clear();
  SelectTests();
  if (suites_.empty() && !setup_.flags.debug.empty()) {
    RefuseToRun("--testcell_debug=" + setup_.flags.debug +
                ": there is no such test; --gtest_list_tests names them");
  }
  if (suites_.empty()) return;
  WarnOfThreadsAndSockets();
  PrepareExitTools();
  RunSettings settings = MakePluginSettings(setup_.flags);
  for (const auto& suite : suites_) {
    findings_.AddSuite(suite->suite->name(), suite->options);
    findings_.AddProbes(suite->options, &settings.probes);
    if (RetriesOf(*suite) > 0) settings.judge = &judge_;
  }
  PrepareForFailures(&settings);
  settings.visible = setup_.visible;
  const bool ours = settings.attach == Attach::kNothing;  // the terminal, and not a test's
  if (ours && StatusLine::Wanted(STDOUT_FILENO)) settings.status = &status_line_;
  const Flags& flags = setup_.flags;
  const std::string error = flags.balance.empty()
                                ? history_.Load(flags.history)
                                : history_.LoadFixed(flags.history, flags.balance);
  if (!error.empty()) RefuseToRun(error);
  supervisor_ = std::make_unique<Supervisor>(std::move(settings));
  PlanSuites();
  std::vector<IsolatedSuite*> suites;
  for (const auto& suite : suites_) {
    suite->set_up = SetUpFunction(*suite->suite);
    suite->tear_down = TearDownFunction(*suite->suite);
    if (suite->mode != Suites::kParent) suites.push_back(suite.get());
  }
  if (!ForksAfterSetUp(iteration)) {
    Fork(suites);
    if (TestProcess::Current() != nullptr) return;
  }
  for (const auto& suite : suites_) {
    const bool parent = suite->mode == Suites::kParent;
    if (parent || suite->set_up != nullptr) SetUpFunction(*suite->suite) = SetUpProxy;
    if (parent || PlaysTearDown(*suite)) TearDownFunction(*suite->suite) = TearDownProxy;
  }
}

// Before GoogleTest's event of it, which the listeners are not to see in cells.
void Plugin::AfterSetUp() {
  if (TestProcess::Current() != nullptr) return;
  if (suites_.empty() || !setup_.flags.environments_in_parent) return;
  if (::testing::Test::HasFatalFailure() || ::testing::Test::IsSkipped()) return;
  std::vector<IsolatedSuite*> suites;
  for (const auto& suite : suites_) {
    if (suite->mode == Suites::kParent) continue;
    // The test processes are to have the suite's own functions.
    SetUpFunction(*suite->suite) = suite->set_up;
    TearDownFunction(*suite->suite) = suite->tear_down;
    suites.push_back(suite.get());
  }
  Fork(suites);
  if (TestProcess::Current() != nullptr) return;
  for (IsolatedSuite* suite : suites) {
    if (suite->set_up != nullptr) SetUpFunction(*suite->suite) = SetUpProxy;
    if (PlaysTearDown(*suite)) TearDownFunction(*suite->suite) = TearDownProxy;
  }
}

// What is allowed in this process from here on: for a suite's own cells, or by
// tests that nobody looks at.
void Plugin::OnTestSuiteStart(const ::testing::TestSuite& suite) {
  SetAllowanceScope(by_suite_.count(&suite) == 0 ? nullptr : suite.name());
}

void Plugin::OnTestEnd(const ::testing::TestInfo& test) {
  const auto place = by_test_.find(&test);
  if (place == by_test_.end()) findings_.AddInProcess(test);
  if (place == by_test_.end() || !place->second.ended) return;
  ::testing::TestResult& result = Mutable(*test.result());
  SetElapsedTime(result, static_cast<Milliseconds>(place->second.end.elapsed_ms));
  SetStartTimestamp(result, static_cast<Milliseconds>(place->second.end.start_timestamp_ms));
}

void Plugin::EndIteration() {
  if (interrupted_ == 0 && supervisor_ != nullptr && !supervisor_->Kept().empty()) {
    keeper_ = std::move(supervisor_);
  }
  supervisor_.reset();
  RestoreFactories();
  replays_.clear();
  failed_runs_.clear();
  units_.clear();
  by_test_.clear();
  by_suite_.clear();
  suites_.clear();
  environment_tear_downs_.clear();
  program_properties_.clear();
}

}  // namespace internal
}  // namespace testcell
