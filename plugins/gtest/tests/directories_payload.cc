// What directories_test.py runs: who may write where, by Options.
#include <fcntl.h>
#include <testcell/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

std::string Home() {
  const char* const home = std::getenv("DIRECTORIES");
  return home == nullptr ? "/none" : home;
}

// 0, or the errno.
int Write(const std::string& path) {
  const int fd = ::open((path + "/written").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

class Nested : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    const std::string home = Home();
    // Not from the root down.
    options.copy_on_write = {home + "/cow/read_only/cow", home + "/cow", home + "/read_only/cow"};
    options.read_only = {home + "/cow/read_only", home + "/read_only", home + "/shared/read_only"};
    options.shared = {
        home + "/read_only/cow/shared", home + "/cow/shared", home + "/cow/file",
        home + "/read_only/shared",     home + "/shared",     "/tmp/directories-shared"};
    options.user_namespace = std::getenv("USER_NAMESPACE") != nullptr;
    return options;
  }
};

TEST_F(Nested, EachIsWhatItsOwnListSays) {
  const std::string home = Home();
  for (const char* path : {"/cow", "/cow/shared", "/cow/read_only/cow", "/read_only/cow",
                           "/read_only/cow/shared", "/read_only/shared", "/shared"}) {
    EXPECT_EQ(Write(home + path), 0) << path;
  }
  for (const char* path : {"/cow/read_only", "/read_only", "/shared/read_only"}) {
    EXPECT_EQ(Write(home + path), EROFS) << path;
  }
  const int file = ::open((home + "/cow/file").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  EXPECT_EQ(::write(file, "cell\n", 5), 5) << std::strerror(errno);
  ::close(file);
  EXPECT_EQ(Write("/tmp/directories-shared"), 0);
  EXPECT_EQ(Write("/tmp"), 0);
}

// The working directory is DIRECTORIES/cwd.
class InWorkingDirectory : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.shared = {Home() + "/cwd/shared"};
    options.read_only = {Home() + "/cwd/read_only"};
    return options;
  }
};
TEST_F(InWorkingDirectory, PartsAreOtherwise) {
  EXPECT_EQ(Write("."), 0);
  EXPECT_EQ(Write("shared"), 0);
  EXPECT_EQ(Write("read_only"), EROFS);
}

class Shared : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.shared = {Home()};
    return options;
  }
};
TEST_F(Shared, WorkingDirectory) { EXPECT_EQ(Write("."), 0); }

class ReadOnly : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.read_only = {Home() + "/cwd"};
    return options;
  }
};
TEST_F(ReadOnly, WorkingDirectory) { EXPECT_EQ(Write("."), EROFS); }

class Missing : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.shared = {"/no/such"};
    return options;
  }
};
TEST_F(Missing, IsTold) {}

TEST(Plain, Runs) { EXPECT_TRUE(testcell::InCell()); }

}  // namespace
