// Global Environments, seen as they are registered: by default they are set
// up in every cell, and in the parent only what they said there is replayed.
#ifndef TESTCELL_GTEST_SRC_ENVIRONMENT_H_
#define TESTCELL_GTEST_SRC_ENVIRONMENT_H_

#include <gtest/gtest.h>

namespace testcell {
namespace internal {

// What the plugin does where GoogleTest would set the Environments up or tear
// them down.
class EnvironmentHook {
 public:
  virtual ~EnvironmentHook() = default;
  // True: the real Environment shall act, in this process, now.
  virtual bool ActsInThisProcess() = 0;
  // Around all of them: before the first set-up, after the last tear-down.
  virtual void BeforeSetUp() = 0;
  virtual void AfterSetUp() = 0;
  virtual void AfterTearDown() = 0;
};

// Null: Environments are GoogleTest's own.
void SetEnvironmentHook(EnvironmentHook* hook);

// In a test process: what the parent has set up is not this process's to tear
// down.
void EnterOtherProcess();

// How many were registered.
int EnvironmentCount();
// Set up, in order, those that are not; tear down, in reverse, those that
// this process has set up.
void SetUpEnvironments();
void TearDownEnvironments();

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_ENVIRONMENT_H_
