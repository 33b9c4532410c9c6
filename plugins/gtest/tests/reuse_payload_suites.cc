// Suites that say themselves whether they share cells, and tests that end badly.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "reuse_payload.h"
#include "testcell/gtest.h"

namespace {

std::string Effective() {
  const std::string status = reuse::Read("/proc/self/status");
  const std::size_t at = status.find("CapEff:\t");
  return status.substr(at + 8, 16);
}

class HasCapabilities : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.reuse = testcell::Reuse::kNever;
    return options;
  }
};

TEST_F(HasCapabilities, First) {
  EXPECT_NE(Effective(), "0000000000000000");
  EXPECT_EQ(::sethostname("trace", 5), 0);
}
TEST_F(HasCapabilities, Second) {
  char name[65];
  EXPECT_EQ(::gethostname(name, sizeof name), 0);
  EXPECT_STREQ(name, "cell");
}

class AsksForRoot : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.user = testcell::User::kRoot;
    return options;
  }
};

TEST_F(AsksForRoot, First) { EXPECT_NE(Effective(), "0000000000000000"); }
TEST_F(AsksForRoot, Second) { EXPECT_EQ(::getuid(), 0U); }

class EndsBadly : public reuse::Reuse {};

TEST_F(EndsBadly, ByAFailure) { ADD_FAILURE() << "on purpose"; }
TEST_F(EndsBadly, ByASignal) { ::raise(SIGKILL); }
TEST_F(EndsBadly, ByExit) { ::_exit(0); }

}  // namespace
