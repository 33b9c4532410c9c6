// Tests that end in every way.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

namespace {

TEST(Outcome, Passes) {}
TEST(Outcome, Fails) { FAIL() << "as it should"; }
TEST(Outcome, Skips) { GTEST_SKIP() << "not here"; }
TEST(Outcome, SkipsAfterAFailure) {
  ADD_FAILURE();
  GTEST_SKIP();
}
TEST(Outcome, Aborts) { std::abort(); }
TEST(Outcome, Hangs) {
  for (;;) ::pause();
}
TEST(Outcome, DISABLED_IsNotRun) { FAIL(); }
TEST(DISABLED_Outcome, IsNotRun) { FAIL(); }
TEST(OutcomeAllSkip, One) { GTEST_SKIP(); }
TEST(OutcomeAllSkip, Two) { GTEST_SKIP(); }
TEST(OutcomeSomeSkip, One) { GTEST_SKIP(); }
TEST(OutcomeSomeSkip, Two) {}

}  // namespace
