// What stands, in the parent, in the place of the user's tests and suites.
#ifndef TESTCELL_GTEST_SRC_PROXY_H_
#define TESTCELL_GTEST_SRC_PROXY_H_

#include <gtest/gtest.h>

namespace testcell {
namespace internal {

// A factory of tests whose body replays the real one.
::testing::internal::TestFactoryBase* NewProxyFactory(::testing::TestInfo* test);

// For the current suite; GoogleTest calls plain functions.
void SetUpProxy();
void TearDownProxy();

// Passes the events of suites and tests on to another list of listeners.
::testing::TestEventListener* NewForwarder(::testing::internal::TestEventRepeater* listeners);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_PROXY_H_
