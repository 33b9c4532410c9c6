// Tests that fail at first, or always. Which attempt this is, is counted in the
// working directory, which has to be shared.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "testcell/allow.h"
#include "testcell/gtest.h"

namespace {

int CountAttempt(const std::string& name) {
  testcell::AllowLeak(testcell::LeakKind::kFile, "*/" + name, "counts the attempts");
  std::ofstream(name, std::ios::app) << '.';
  std::ifstream file(name, std::ios::ate);
  return static_cast<int>(file.tellg());
}

bool IsFirst(const std::string& name) { return CountAttempt(name) == 1; }

TEST(Once, Fails) {
  const int attempt = CountAttempt("fails");
  std::printf("attempt %d\n", attempt);
  EXPECT_NE(attempt, 1) << "<at & first>";
  std::printf("attempt %d is over\n", attempt);
}

TEST(Once, Crashes) {
  if (IsFirst("crashes")) std::abort();
}

TEST(Once, Leaks) {
  if (IsFirst("leaks")) std::ofstream("/tmp/left") << "x";
}

TEST(Once, HasAFreshCell) {
  EXPECT_NE(::access("/tmp/mark", F_OK), 0);
  std::ofstream("/tmp/mark") << "x";
  EXPECT_FALSE(IsFirst("fresh"));
  ::unlink("/tmp/mark");
}

TEST(Once, IsSkippedThen) {
  if (!IsFirst("skipped")) GTEST_SKIP();
  FAIL();
}

TEST(Twice, Fails) { EXPECT_GT(CountAttempt("twice"), 2); }

TEST(Always, Fails) {
  std::printf("attempt %d\n", CountAttempt("always"));
  ADD_FAILURE() << "as ever";
}
TEST(Always, Passes) { CountAttempt("passes"); }

struct Never : testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.retries = 0;
    return options;
  }
};
TEST_F(Never, RunsAgain) { EXPECT_FALSE(IsFirst("never")); }

// In one cell.
struct Shared : testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.suites = testcell::Suites::kShared;
    return options;
  }
};
TEST_F(Shared, Begins) { std::ofstream("/tmp/shared") << "x"; }
TEST_F(Shared, FailsOnce) {
  EXPECT_EQ(::access("/tmp/shared", F_OK), 0);
  EXPECT_FALSE(IsFirst("shared"));
}
TEST_F(Shared, CrashesOnce) {
  if (CountAttempt("shared_crash") == 2) std::abort();
}

class SetUpFailsOnce : public testing::Test {
 public:
  static void SetUpTestSuite() { EXPECT_FALSE(IsFirst("set_up")) << "not yet"; }
};
TEST_F(SetUpFailsOnce, Passes) {}

}  // namespace
