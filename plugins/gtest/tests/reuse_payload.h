// What the programs of tests that share cells have in common: each test looks for every
// trace that any of them may leave, says which cell it had, and then does its own.
#ifndef TESTCELL_GTEST_TESTS_REUSE_PAYLOAD_H_
#define TESTCELL_GTEST_TESTS_REUSE_PAYLOAD_H_

#include <gtest/gtest.h>

#include <string>

namespace reuse {

constexpr int kPort = 8901;
constexpr int kKey = 0x7e57;

std::string Read(const std::string& path);
// False, and errno.
bool Write(const std::string& path, const std::string& text);

// Before the test of every fixture.
class Reuse : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
};

}  // namespace reuse

#endif  // TESTCELL_GTEST_TESTS_REUSE_PAYLOAD_H_
