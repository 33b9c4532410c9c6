// Lesson 2: every test case has its own /tmp, /var/tmp and /dev/shm, empty at
// the start, and its own copy of the working directory.
//
// The first two tests use the same absolute paths, the next two the same
// relative path. None of them cleans up: the files are gone with the cell, and
// the host never sees them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/files.h"

namespace {

void UseThePaths(const std::string& directory, const std::string& text) {
  const std::string path = directory + "/state";
  ASSERT_FALSE(std::filesystem::exists(path)) << "another test's " << path;
  WriteFile(path, text);
  EXPECT_EQ(ReadFile(path), text);
}

TEST(PrivateTmp, WritesItsState) {
  UseThePaths("/tmp", "one");
  UseThePaths("/var/tmp", "one");
  UseThePaths("/dev/shm", "one");
}

TEST(PrivateTmp, WritesItsStateToTheSamePaths) {
  UseThePaths("/tmp", "two");
  UseThePaths("/var/tmp", "two");
  UseThePaths("/dev/shm", "two");
}

// Whatever the host has there. (Nearly the same holds for /tmp, but a checkout
// that lives below it stays visible, or the test could not run.)
TEST(PrivateTmp, IsEmptyAtTheStart) { EXPECT_TRUE(std::filesystem::is_empty("/dev/shm")); }

// Copy-on-write: what is there can be read, what is written stays in the cell.
// --testcell_cwd=shared gives the host's directory instead.
TEST(PrivateWorkingDirectory, WritesAFileThere) { UseThePaths(".", "three"); }

TEST(PrivateWorkingDirectory, WritesTheSameFile) { UseThePaths(".", "four"); }

}  // namespace
