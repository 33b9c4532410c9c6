// InitGoogleTest, and the place where RUN_ALL_TESTS() comes by.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "flags.h"
#include "plugin.h"
#include "preconditions.h"
#include "testcell/gtest.h"

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

bool AsksForHelp(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    for (const char* spelling : {"--help", "-h", "-?", "/?"}) {
      if (std::strcmp(argv[i], spelling) == 0) return true;
    }
  }
  return false;
}

bool InDeathTest() {
#if GTEST_HAS_DEATH_TEST
  return ::testing::internal::InDeathTestChild();
#else
  return false;
#endif
}

void Initialize(int* argc, char** argv) {
  Program& program = TheProgram();
  const bool help = argc != nullptr && AsksForHelp(*argc, argv);
  if (argc == nullptr) {
    ::testing::InitGoogleTest();
  } else {
    ::testing::InitGoogleTest(argc, argv);
  }
  const std::string error = ParseFlags(program.defaults, argc, argv, &program.setup.flags);
  if (!error.empty()) {
    std::fflush(stdout);
    std::fprintf(stderr, "testcell: %s\n", error.c_str());
    std::exit(2);
  }
  program.initialized = true;
  if (help) std::fputs(FlagsHelp().c_str(), stdout);
}

bool RunsInProcess() {
  const Program& program = TheProgram();
  if (InDeathTest() || program.setup.flags.isolate == Isolate::kOff) return true;
  if (!program.initialized) {
    std::fprintf(stderr,
                 "testcell: testcell::InitGoogleTest was not called: the tests run in this "
                 "process, not in cells\n");
    return true;
  }
  if (DebuggerAttached()) {
    std::fprintf(stderr,
                 "testcell: a debugger is attached: the tests run in this process, not in "
                 "cells\n");
    return true;
  }
  return false;
}

}  // namespace
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
  using testcell::internal::Plugin;
  if (testcell::internal::RunsInProcess()) return __real__ZN7testing8UnitTest3RunEv(unit_test);
  Plugin plugin(testcell::internal::TheProgram().setup);
  return plugin.Finish(__real__ZN7testing8UnitTest3RunEv(unit_test));
}
}
