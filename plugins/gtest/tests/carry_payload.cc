// What carry_test.py runs: tests that leave files in copy-on-write directories.
#include <fcntl.h>
#include <sys/stat.h>
#include <testcell/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

void Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.flush();
  ASSERT_TRUE(file.good()) << path << ": " << std::strerror(errno);
}

void MakeDirectory(const char* path, mode_t mode) {
  ASSERT_EQ(::mkdir(path, mode), 0) << path << ": " << std::strerror(errno);
}

TEST(Tree, IsLeft) {
  MakeDirectory("golden", 0750);
  MakeDirectory("golden/empty", 0700);
  Write("golden/a.txt", "a\n");
  const timespec times[2] = {{1'000'000'000, 0}, {1'234'567'890, 5000}};
  ASSERT_EQ(::utimensat(AT_FDCWD, "golden/a.txt", times, 0), 0);
  ASSERT_EQ(::chmod("golden/a.txt", 04640), 0);
  ASSERT_EQ(::symlink("a.txt", "golden/link"), 0);
  Write("golden/unreadable", "u");
  ASSERT_EQ(::chmod("golden/unreadable", 0), 0);
  MakeDirectory("golden/locked", 0700);
  Write("golden/locked/b.txt", "b\n");
  ASSERT_EQ(::chmod("golden/locked", 0500), 0);
  ASSERT_EQ(::mkfifo("golden/pipe", 0600), 0);
  Write("big.log", std::string(3 << 20, 'x') + "end");
  Write("other.dat", "stays in the cell");
  ASSERT_EQ(::unlink("removed.log"), 0);
  std::ofstream("existing.log", std::ios::app) << "more\n";
  MakeDirectory("existing/new", 0755);
  Write("existing/new/c.log", "c\n");
}

// What another test has left is not there: not for those that run later, either.
TEST(Unseen, Once) {
  ASSERT_NE(::access("unseen.log", F_OK), 0);
  Write("unseen.log", "seen\n");
}
TEST(Unseen, Twice) {
  ASSERT_NE(::access("unseen.log", F_OK), 0);
  Write("unseen.log", "seen\n");
}

TEST(Same, One) { Write("same.log", "same\n"); }
TEST(Same, Two) { Write("same.log", "same\n"); }
TEST(Clash, One) { Write("clash.log", "one\n"); }
TEST(Clash, Two) { Write("clash.log", "two\n"); }
TEST(LinkClash, One) { ASSERT_EQ(::symlink("one", "clash-link.log"), 0); }
TEST(LinkClash, Two) { ASSERT_EQ(::symlink("two", "clash-link.log"), 0); }

// With --testcell_isolate=marked: the second is in no cell.
class RemovesLeaves : public testcell::Test {};
TEST_F(RemovesLeaves, AFile) { Write("existing/gone.log", "gone\n"); }
TEST(RemovesOnTheHost, ItsDirectory) {
  ASSERT_EQ(::rmdir("existing"), 0) << std::strerror(errno);
  Write("existing", "a file");
}

// The directory may be written to in the cell, and not on the host.
TEST(Refused, ByTheHost) {
  ASSERT_EQ(::chmod("existing", 0755), 0) << std::strerror(errno);
  Write("existing/refused.log", "refused\n");
}

// The host has a symbolic link to a directory there.
TEST(Replaced, DirectoryForALink) {
  ASSERT_EQ(::unlink("lead"), 0);
  MakeDirectory("lead", 0755);
  Write("lead/astray.log", "astray");
}

TEST(Ends, Failing) {
  Write("failing.log", "failing\n");
  FAIL() << "as it should";
}
TEST(Ends, Crashing) {
  Write("crashing.log", "crashing\n");
  std::abort();
}
TEST(Ends, Hanging) {
  Write("hanging.log", "hanging\n");
  for (;;) ::pause();
}

class Elsewhere : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    const char* const directory = std::getenv("ELSEWHERE");
    if (directory == nullptr) return options;
    options.copy_on_write.push_back(directory);
    options.carry.push_back("state/*");
    options.user_namespace = true;
    return options;
  }
};
TEST_F(Elsewhere, IsCarriedToo) {
  const std::string directory = std::getenv("ELSEWHERE");
  MakeDirectory((directory + "/state").c_str(), 0755);
  Write(directory + "/state/db", "db\n");
  Write(directory + "/absolute", "absolute\n");
  Write(directory + "/other", "other\n");
}

}  // namespace
