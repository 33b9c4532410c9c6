// Tests for every row of a report; what each one does is its name. With
// REPORT_PAYLOAD_ALLOW set, main allows what no test leaves.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "testcell/gtest.h"

namespace {

struct Plain : testing::Test {};
TEST_F(Plain, Passes) {}
TEST_F(Plain, Fails) { FAIL() << "on purpose"; }
TEST_F(Plain, Skips) { GTEST_SKIP() << "on purpose"; }

struct Marked : testcell::Test {};
TEST_F(Marked, Passes) {}

TEST(Ends, BySignal) { ::raise(SIGKILL); }
TEST(Ends, ByExit) { std::exit(3); }

TEST(Flaky, FailsInTheFirstIterationAlone) {
  const char* const path = std::getenv("REPORT_PAYLOAD_MARK");
  ASSERT_NE(path, nullptr);
  const bool first = ::access(path, F_OK) != 0;
  std::ofstream(path) << "seen";
  EXPECT_FALSE(first);
}

TEST(Allows, WhatItDoesNotLeave) {
  testcell::AllowLeak(testcell::LeakKind::kFile, "/tmp/none*", "too careful");
}

TEST(Waits, ToBeInterrupted) {
  std::printf("waits\n");
  std::fflush(stdout);
  for (;;) ::pause();
}

// Leaks

struct Leaves : testing::Test {
  static void File(const char* path) { std::ofstream(path) << "x"; }
};
TEST_F(Leaves, AFile) { File("/tmp/left"); }
TEST_F(Leaves, AProcess) {
  if (::fork() == 0) {
    for (;;) ::pause();
  }
}
TEST(LeavesMany, MoreFilesThanAreListed) {
  for (int i = 0; i < 520; ++i) Leaves::File(("/tmp/left_" + std::to_string(i)).c_str());
}
TEST(LeavesMany, Files) {
  for (int i = 0; i < 480; ++i) Leaves::File(("/tmp/left_" + std::to_string(i)).c_str());
}
TEST_F(Leaves, AFileAndFails) {
  File("/tmp/left_by_failed");
  FAIL() << "its own failure";
}
TEST_F(Leaves, AFileAllowed) {
  testcell::AllowLeak(testcell::LeakKind::kFile, "/tmp/kept*", "read at the next start");
  File("/tmp/kept_on_purpose");
}

struct LeavesBySuite : testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.allowed_leaks.push_back(
        {testcell::LeakKind::kFile, "/tmp/of_suite", "the suite's own file"});
    return options;
  }
};
TEST_F(LeavesBySuite, AFileAllowed) { Leaves::File("/tmp/of_suite"); }

struct LeaksOff : testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.leaks = testcell::Leaks::kOff;
    options.uses = testcell::Uses::kOff;
    return options;
  }
};
TEST_F(LeaksOff, AFile) { Leaves::File("/tmp/not_looked_for"); }

struct LeaksFail : testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.leaks = testcell::Leaks::kFail;
    return options;
  }
};
TEST_F(LeaksFail, AFile) { Leaves::File("/tmp/that_fails"); }

struct Alike : testing::TestWithParam<int> {};
TEST_P(Alike, LeavesASingletonsFile) { Leaves::File("/tmp/singleton"); }
INSTANTIATE_TEST_SUITE_P(Most, Alike, testing::Range(0, 4));

struct Shared : testing::Test {};
TEST_F(Shared, One) { Leaves::File("/tmp/of_one"); }
TEST_F(Shared, Two) {}

struct BrokenSetUp : testing::Test {
  static void SetUpTestSuite() {
    Leaves::File("/tmp/of_broken_set_up");
    FAIL() << "the set-up's own failure";
  }
};
TEST_F(BrokenSetUp, NeverRuns) {}

// Conflicts

void MakeAndRemove(int files, int times) {
  for (int i = 0; i < files * times; ++i) {
    const std::string path = "/tmp/use_" + std::to_string(i % files);
    ASSERT_EQ(::mknod(path.c_str(), S_IFREG | 0600, 0), 0);
    ASSERT_EQ(::unlink(path.c_str()), 0);
  }
}
TEST(Uses, MorePathsThanAreListed) { MakeAndRemove(2020, 1); }
TEST(Uses, ManyPaths) { MakeAndRemove(1980, 1); }
TEST(Uses, MoreEventsThanTheKernelKeeps) { MakeAndRemove(1000, 18); }

// Known to CTest by other names than to GoogleTest.
class ByValue : public testing::TestWithParam<int> {};
TEST_P(ByValue, Collides) { Leaves::File("/tmp/by_value"); }
INSTANTIATE_TEST_SUITE_P(Some, ByValue, testing::Values(10, 11));
template <typename T>
class ByType : public testing::Test {};
using Types = testing::Types<int, std::string>;
TYPED_TEST_SUITE(ByType, Types);
TYPED_TEST(ByType, Collides) { Leaves::File("/tmp/by_type"); }

// No conflict in one process, but by CTest, where each test sets up its suite.
struct SharesASetUp : testing::Test {
  static void SetUpTestSuite() { Leaves::File("/tmp/by_set_up"); }
  static void TearDownTestSuite() { ::unlink("/tmp/by_set_up"); }
};
TEST_F(SharesASetUp, One) {}
TEST_F(SharesASetUp, Two) {}

TEST(Collides, First) { Leaves::File("/tmp/state"), ::unlink("/tmp/state"); }
TEST(Collides, Second) { Leaves::File("/tmp/state"), ::unlink("/tmp/state"); }

// In a directory of the host: each waits until the other one runs, too.

struct Meets : testing::Test {
  static std::string Host(const char* name) {
    return std::string(std::getenv("REPORT_PAYLOAD_HOST")) + "/" + name;
  }
  // To open a FIFO for one side takes somebody who opens it for the other. One
  // FIFO twice would do for whoever is first to come back.
  static void Meet(int side, const char* pipe) {
    const int fd = ::open(Host(pipe).c_str(), side | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    ::close(fd);
  }
  static void Write(int side, const char* name) {
    Meet(side, "before");
    Leaves::File(Host(name).c_str());
    Meet(side, "after");
  }
  static void Read(int side, const char* name) {
    Meet(side, "before");
    EXPECT_TRUE(std::ifstream(Host(name)).good());
    Meet(side, "after");
  }
};
TEST_F(Meets, AndWritesTheSame) { Write(O_RDONLY, "same"); }
TEST_F(Meets, AndWritesTheSameAgain) { Write(O_WRONLY, "same"); }
TEST_F(Meets, AndWritesOne) { Write(O_RDONLY, "one"); }
TEST_F(Meets, AndWritesAnother) { Write(O_WRONLY, "another"); }
TEST_F(Meets, AndReads) { Read(O_RDONLY, "read"); }
TEST_F(Meets, AndReadsToo) { Read(O_WRONLY, "read"); }

struct MeetsInShared : testcell::Test {
  static testcell::Options CellOptions() {
    testcell::Options options;
    if (std::getenv("REPORT_PAYLOAD_HOST") != nullptr) options.shared = {Meets::Host("shared")};
    return options;
  }
  static void WriteAndRemove(int side) {
    Meets::Write(side, "shared/lock");
    ::unlink(Meets::Host("shared/lock").c_str());
  }
};
TEST_F(MeetsInShared, One) { WriteAndRemove(O_RDONLY); }
TEST_F(MeetsInShared, Other) { WriteAndRemove(O_WRONLY); }

struct InTurn : testing::Test {};
TEST_F(InTurn, First) { Leaves::File(Meets::Host("same").c_str()); }
TEST_F(InTurn, Second) { Leaves::File(Meets::Host("same").c_str()); }

}  // namespace

int main(int argc, char** argv) {
  if (std::getenv("REPORT_PAYLOAD_ALLOW") != nullptr) {
    testcell::AllowLeak(testcell::LeakKind::kFile, "/tmp/singleton", "a singleton's");
    testcell::AllowLeak(testcell::LeakKind::kFd, "fd 77*", "of nobody");
  }
  testcell::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
