// Patterns, names that are alike, columns, advice and files.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "report/advice.h"
#include "report/columns.h"
#include "report/run_wide.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Pattern, MatchesTheWholeText) {
  EXPECT_TRUE(MatchesPattern("", ""));
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("/tmp/state", "/tmp/state"));
  EXPECT_FALSE(MatchesPattern("/tmp/state", "/tmp/state2"));
  EXPECT_FALSE(MatchesPattern("tmp", "/tmp"));
  EXPECT_TRUE(MatchesPattern("/tmp/*", "/tmp/a/b")) << "a slash is as any other";
  EXPECT_TRUE(MatchesPattern("sleep * (pid ?)", "sleep 1000 (pid 7)"));
  EXPECT_FALSE(MatchesPattern("sleep * (pid ?)", "sleep 1000 (pid 77)"));
  EXPECT_TRUE(MatchesPattern("tcp [::1]:*", "tcp [::1]:80 listening")) << "[ is as any other";
  EXPECT_TRUE(MatchesPattern("*a*b*", "xxaxxaxbx"));
  EXPECT_FALSE(MatchesPattern("*a*b*", "xxbxxa"));
  EXPECT_FALSE(MatchesPattern(std::string(40, '*') + "b", std::string(4000, 'a')));
}

TEST(Alike, ButForWhatDiffersFromCellToCell) {
  EXPECT_EQ(Alike("sleep 1000 (pid 7)"), Alike("sleep 1000 (pid 12)"));
  EXPECT_EQ(Alike("fd 5 -> socket:[1234]"), Alike("fd 6 -> socket:[99]"));
  EXPECT_EQ(Alike("tcp 127.0.0.1:40123 listening"), Alike("tcp 127.0.0.1:55555 listening"));
  EXPECT_EQ(Alike("unix @0003f listening"), Alike("unix @a01c2 listening"));
  EXPECT_EQ(Alike("/tmp/log.aX3b9Q"), Alike("/tmp/log.0qPz7B"));
  EXPECT_EQ(Alike("/tmp/gtest_captured_stream.Ccihar"), Alike("/tmp/gtest_captured_stream.0qPz7B"));
  EXPECT_EQ(Alike("/tmp/tmpab12cd9x/state"), Alike("/tmp/tmp_x8vq0c_/state"));
  EXPECT_NE(Alike("/tmp/tmpab12cd9x/state"), Alike("/tmp/tmp_x8vq0c_/other"));
  EXPECT_NE(Alike("sleep 1000 (pid 7)"), Alike("sleep 1001 (pid 7)"));
  EXPECT_NE(Alike("tcp 127.0.0.1:80 listening"), Alike("tcp 127.0.0.1:81 listening"));
  EXPECT_NE(Alike("/tmp/state1"), Alike("/tmp/state2"));
  EXPECT_NE(Alike("/tmp/server"), Alike("/tmp/client"));
}

TEST(Columns, HarmlessOnATerminal) {
  EXPECT_EQ(Printable("a\tb\n"), "a\\tb\\n");
  EXPECT_EQ(Printable("\033[2J\x7f"), "\\x1b[2J\\x7f");
  EXPECT_EQ(Printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(Printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b") << "a terminal may take it for ESC [";
  EXPECT_EQ(Columns("gr\xc3\xbc\xc3\x9f"), 4U);
}

TEST(Columns, BreaksAtSpacesWhereItCan) {
  EXPECT_THAT(Wrap("", 10, 2), IsEmpty());
  EXPECT_THAT(Wrap("one two three", 20, 2), ElementsAre("one two three"));
  EXPECT_THAT(Wrap("one two three", 7, 2), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("one two three", 8, 2), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("onetwothree", 4, 9), ElementsAre("onet", "woth", "ree"));
  EXPECT_THAT(Wrap("one two three", 8, 1), ElementsAre("one t..."));
  EXPECT_THAT(Wrap("\xc3\xbc\xc3\xbc\xc3\xbc", 2, 2), ElementsAre("\xc3\xbc\xc3\xbc", "\xc3\xbc"));
}

Conflict MakeConflict(UseKind kind, const std::string& name, std::vector<std::string> tests) {
  return {kind, name, std::move(tests), false};
}

TEST(Advice, OneListOfLocksForEachTest) {
  const auto locks =
      CTestLocks({MakeConflict(UseKind::kTcp, "0.0.0.0:80, [::]:80", {"A.a", "A.b", "A.c"}),
                  MakeConflict(UseKind::kPath, "/tmp/a b", {"A.b", "A/0.d"}),
                  MakeConflict(UseKind::kTcp, "127.0.0.2:80", {"A.a", "A.c"}),
                  MakeConflict(UseKind::kHostName, "x, y", {"A.e", "A.f f"})},
                 80);
  std::vector<std::string> lines;
  for (const LockAdvice& lock : locks) {
    lines.insert(lines.end(), lock.lines.begin(), lock.lines.end());
  }
  EXPECT_THAT(
      lines, ElementsAre(
                 "set_tests_properties(A.a A.c", "  PROPERTIES RESOURCE_LOCK \"tcp_80\")",
                 "set_tests_properties(A.b", "  PROPERTIES RESOURCE_LOCK \"tcp_80;path_/tmp/a_b\")",
                 "set_tests_properties(A/0.d", "  PROPERTIES RESOURCE_LOCK \"path_/tmp/a_b\")",
                 "set_tests_properties(A.e \"A.f f\"", "  PROPERTIES RESOURCE_LOCK \"hostname\")"));
}

TEST(Advice, BreaksLines) {
  const auto locks = CTestLocks(
      {MakeConflict(UseKind::kTcp, "0.0.0.0:80", {"Suite.One", "Suite.Two", "S.x"})}, 40);
  ASSERT_EQ(locks.size(), 1U);
  EXPECT_EQ(locks[0].tests, 3);
  EXPECT_THAT(locks[0].lines, ElementsAre("set_tests_properties(Suite.One Suite.Two", "  S.x",
                                          "  PROPERTIES RESOURCE_LOCK \"tcp_80\")"));
}

TEST(Advice, BreaksALongList) {
  const auto locks = CTestLocks({MakeConflict(UseKind::kTcp, "0.0.0.0:80", {"A.a", "A.b"}),
                                 MakeConflict(UseKind::kPath, "/tmp/log", {"A.a", "A.b"}),
                                 MakeConflict(UseKind::kPath, "/tmp/name", {"A.a", "A.b"})},
                                40);
  ASSERT_EQ(locks.size(), 1U);
  EXPECT_THAT(locks[0].lines, ElementsAre("set(testcell_locks tcp_80 path_/tmp/log",
                                          "  path_/tmp/name)", "set_tests_properties(A.a A.b",
                                          "  PROPERTIES RESOURCE_LOCK \"${testcell_locks}\")"));
}

TEST(Advice, LeavesOutWhatFollows) {
  const auto left = WithoutImplied({MakeConflict(UseKind::kPath, "/tmp/d", {"A.a", "A.b"}),
                                    MakeConflict(UseKind::kPath, "/tmp/d/e/f", {"A.a", "A.b"}),
                                    MakeConflict(UseKind::kPath, "/tmp/d/g", {"A.a", "A.c"}),
                                    MakeConflict(UseKind::kPath, "/tmp/dd", {"A.a", "A.b"})});
  std::vector<std::string> names;
  for (const Conflict& conflict : left) names.push_back(conflict.name);
  EXPECT_THAT(names, ElementsAre("/tmp/d", "/tmp/d/g", "/tmp/dd"));
}

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string path = ::testing::TempDir() + "report_files_XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    directory_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  static std::string Content(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }

  std::string directory_;
};

TEST_F(Files, TakesThePlaceOfTheFormerOne) {
  const std::string path = directory_ + "/report.json";
  const mode_t mask = ::umask(022);
  EXPECT_EQ(WriteFile(path, "one, and longer"), "");
  EXPECT_EQ(WriteFile(path, "two"), "");
  ::umask(mask);
  EXPECT_EQ(Content(path), "two");
  EXPECT_THAT(Names(), ElementsAre("report.json"));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
}

TEST_F(Files, CheckingLeavesNothing) {
  EXPECT_EQ(CheckWritable(directory_ + "/report.json"), "");
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(Files, SaysWhyNot) {
  const std::string inside = directory_ + "/none/report.json";
  const std::string why =
      "cannot write the report " + inside + ": mkostemp: ENOENT (No such file or directory)";
  EXPECT_EQ(CheckWritable(inside), why);
  EXPECT_EQ(WriteFile(inside, "x"), why);
  EXPECT_EQ(CheckWritable(directory_),
            "cannot write the report " + directory_ + ": open: EISDIR (Is a directory)");
}

TEST_F(Files, WritesIntoWhatIsNoRegularFile) {
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  EXPECT_EQ(CheckWritable(pipe), "");
  EXPECT_EQ(WriteFile(pipe, "report"), "");
  char text[16] = "";
  EXPECT_EQ(::read(reader, text, sizeof text), 6);
  EXPECT_STREQ(text, "report");
  ::close(reader);
  EXPECT_THAT(Names(), ElementsAre("pipe"));
}

}  // namespace
}  // namespace testcell::report
