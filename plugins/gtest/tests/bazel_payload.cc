// Tests that use what a test runner names in the environment, as Bazel does.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Each of these makes the same files, which only one could if they were shared.
class Claims : public testing::TestWithParam<int> {};

TEST_P(Claims, TheSameFiles) {
  for (const char* name : {"TEST_TMPDIR", "TMPDIR"}) {
    const std::string path = Variable(name) + "/claimed";
    const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0) << path << ": " << std::strerror(errno);
    ::close(fd);
  }
}
INSTANTIATE_TEST_SUITE_P(All, Claims, testing::Range(0, 4));

class Outputs : public testing::TestWithParam<int> {};

TEST_P(Outputs, AreTheHosts) {
  const std::string path =
      Variable("TEST_UNDECLARED_OUTPUTS_DIR") + "/" + std::to_string(GetParam());
  std::ofstream(path) << "kept";
  EXPECT_EQ(::access(path.c_str(), R_OK), 0) << path << ": " << std::strerror(errno);
}
INSTANTIATE_TEST_SUITE_P(All, Outputs, testing::Range(0, 2));

TEST(PrematureExit, FileIsThereWhileTestsRun) {
  EXPECT_EQ(::access(Variable("TEST_PREMATURE_EXIT_FILE").c_str(), F_OK), 0)
      << std::strerror(errno);
}

// Executes the program once more, which writes the shard status file first.
TEST(ShardStatusDeathTest, CanBeWrittenInTheCell) {
#ifdef GTEST_FLAG_SET
  GTEST_FLAG_SET(death_test_style, "threadsafe");
#else
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
#endif
  EXPECT_EXIT(::_exit(3), testing::ExitedWithCode(3), "");
}

}  // namespace
