// InitGoogleTest, and the place where RUN_ALL_TESTS() comes by.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "explain.h"
#include "findings.h"
#include "flags.h"
#include "gtest_flags.h"
#include "plugin.h"
#include "preconditions.h"
#include "private_access.h"
#include "shard.h"
#include "testcell/gtest.h"
#include "testcell/internal/hooks.h"

namespace testcell {
namespace internal {
namespace {

struct Program {
  NamedValues defaults;
  Setup setup;
  bool initialized = false;
};

Program& TheProgram() {
  static auto* program = new Program;
  return *program;
}

bool InDeathTest() {
#if GTEST_HAS_DEATH_TEST
  if (::testing::internal::InDeathTestChild()) return true;
  // GoogleTest's answer goes by the style that is set by now; that of the test
  // which executed this process is known from the command line alone.
  for (const std::string& argument : ::testing::internal::GetInjectableArgvs()) {
    if (argument.find("gtest_internal_run_death_test=") != std::string::npos) return true;
  }
#endif
  return false;
}

// Whatever else was asked for: the one test, in a cell of its own.
void SelectForDebugging(Flags* flags) {
  flags->isolate = Isolate::kAll;
  flags->jobs = 1;
  const bool disabled = flags->debug.find("DISABLED_") != std::string::npos;
  TESTCELL_GTEST_SET(filter, flags->debug);
  if (disabled) TESTCELL_GTEST_SET(also_run_disabled_tests, true);
}

void Initialize(int* argc, char** argv) {
  Program& program = TheProgram();
  if (argc == nullptr) {
    ::testing::InitGoogleTest();
  } else {
    ::testing::InitGoogleTest(argc, argv);
  }
  std::string error =
      ParseFlags(PluginFlagTable(&program.setup.flags), program.defaults, argc, argv);
  if (error.empty()) error = CheckFallback(program.setup.flags);
  if (!error.empty()) {
    std::fflush(stdout);
    std::fprintf(stderr, "testcell: %s\n", error.c_str());
    std::exit(2);
  }
  program.initialized = true;
  if (!program.setup.flags.debug.empty()) SelectForDebugging(&program.setup.flags);
  if (GaveHelp()) std::fputs(FlagsHelp().c_str(), stdout);
}

// Where no test runs in a cell: the reports have them all the same.
class InProcessListener : public ::testing::EmptyTestEventListener {
 public:
  explicit InProcessListener(Findings* findings) : findings_(findings) {}
  void OnTestProgramStart(const ::testing::UnitTest&) override { DivideTests(); }
  void OnTestEnd(const ::testing::TestInfo& test) override { findings_->AddInProcess(test); }
  void OnTestIterationEnd(const ::testing::UnitTest&, int) override {
    findings_->EndIteration(false);
  }

 private:
  Findings* findings_;
};

int RunInProcess(::testing::UnitTest* unit_test, int (*run)(::testing::UnitTest*)) {
  Findings findings(TheProgram().setup.flags);
  auto* const listener = new InProcessListener(&findings);
  ::testing::TestEventListeners& listeners = unit_test->listeners();
  listeners.Append(listener);
  SetAllowanceScope(nullptr);
  const int status = run(unit_test);
  delete listeners.Release(listener);
  return findings.Finish(status);
}

bool RunsInProcess() {
  const Program& program = TheProgram();
  if (program.setup.flags.isolate == Isolate::kOff) return true;
  if (!program.initialized) {
    std::fprintf(stderr,
                 "testcell: testcell::InitGoogleTest was not called: the tests run in this "
                 "process, not in cells\n");
    return true;
  }
  if (program.setup.flags.debug.empty() && DebuggerAttached()) {
    std::fprintf(stderr,
                 "testcell: a debugger is attached: the tests run in this process, not in "
                 "cells; --testcell_debug=TEST has one run in a cell\n");
    return true;
  }
  if (UnderValgrind()) {
    std::fprintf(stderr,
                 "testcell: valgrind runs this program: the tests run in this process, not in "
                 "cells, whose system calls it does not know\n");
    return true;
  }
  return false;
}

// In the place of the run. Experiments are in cells, whatever else was asked for.
int RunExplain(::testing::UnitTest* unit_test, int (*run)(::testing::UnitTest*)) {
  const Flags& flags = TheProgram().setup.flags;
  const char* why = nullptr;
  if (!flags.debug.empty()) {
    why = "a test is explained or debugged, not both";
  } else if (flags.isolate == Isolate::kOff) {
    why = "it takes cells to explain a test, and --testcell_isolate=off has none";
  } else if (DebuggerAttached()) {
    why = "it takes cells to explain a test, and under a debugger there are none";
  } else if (UnderValgrind()) {
    why = "it takes cells to explain a test, and under valgrind there are none";
  }
  if (why == nullptr) return Explain(TheProgram().setup, unit_test, run);
  std::fflush(stdout);
  std::fprintf(stderr, "testcell: no test was run: --testcell_explain=%s: %s\n",
               flags.explain.c_str(), why);
  return 2;
}

int RunInCells(int (*run)(::testing::UnitTest*), ::testing::UnitTest* unit_test) {
  Plugin plugin(TheProgram().setup);
#if GTEST_HAS_EXCEPTIONS
  try {
    return plugin.Finish(run(unit_test));
  } catch (const ::testing::internal::GoogleTestFailureException&) {
    // By --gtest_throw_on_failure. In a test process it has done what it is for;
    // the parent throws it once more, where the failure is replayed.
    if (TestProcess::Current() == nullptr) throw;
  }
  plugin.LeaveTest();
#else
  return plugin.Finish(run(unit_test));
#endif
}

}  // namespace

void KeepVisible(const std::string& path) { TheProgram().setup.visible.push_back(path); }

}  // namespace internal

void InitGoogleTest(int* argc, char** argv) { internal::Initialize(argc, argv); }
void InitGoogleTest() { internal::Initialize(nullptr, nullptr); }

void SetDefault(const char* flag, const char* value) {
  internal::TheProgram().defaults.emplace_back(flag, value);
}

void SetDefaultOptions(const Options& options) {
  internal::TheProgram().setup.default_options = options;
}

void AddCellListener(::testing::TestEventListener* listener) {
  internal::TheProgram().setup.cell_listeners.push_back(listener);
}

bool InCell() { return internal::TestProcess::Current() != nullptr; }

}  // namespace testcell

// UnitTest::Run, which RUN_ALL_TESTS() calls and the linker sends here
// (--wrap): the first place where all listeners of the program are known, and
// the last before GoogleTest ends.
extern "C" {
int __real__ZN7testing8UnitTest3RunEv(::testing::UnitTest* unit_test);

int __wrap__ZN7testing8UnitTest3RunEv(::testing::UnitTest* unit_test) {
  using namespace testcell::internal;  // NOLINT(google-build-using-namespace)
  if (InDeathTest() || TESTCELL_GTEST_GET(list_tests))
    return __real__ZN7testing8UnitTest3RunEv(unit_test);
  const Flags& flags = TheProgram().setup.flags;
  if (!flags.explain.empty() && !GaveHelp()) {
    return RunExplain(unit_test, __real__ZN7testing8UnitTest3RunEv);
  }
  std::string error = Findings::Check(flags);
  if (error.empty()) error = TakeShard(flags);
  if (!error.empty()) {
    std::fprintf(stderr, "testcell: no test was run: %s\n", error.c_str());
    std::exit(2);
  }
  if (RunsInProcess()) return RunInProcess(unit_test, __real__ZN7testing8UnitTest3RunEv);
  return RunInCells(__real__ZN7testing8UnitTest3RunEv, unit_test);
}
}
