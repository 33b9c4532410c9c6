#include "testcell/internal/history.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace testcell::internal {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() {
    char name[] = "/tmp/history.XXXXXX";
    path_ = std::string(::mkdtemp(name)) + "/durations";
  }
  ~HistoryTest() override {
    ::unlink(path_.c_str());
    ::rmdir(path_.substr(0, path_.rfind('/')).c_str());
  }
  void Write(const std::string& text) { std::ofstream(path_) << text; }
  std::string Read() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  std::string path_;
};

TEST_F(HistoryTest, WithoutAPathNothingIsKept) {
  History history;
  EXPECT_EQ(history.Load(""), "");
  history.Record("A.a", milliseconds(5));
  EXPECT_EQ(history.Save(), "");
  EXPECT_EQ(history.Expected("A.a"), milliseconds(0));
}

TEST_F(HistoryTest, ANewFileHoldsWhatWasRecorded) {
  History history;
  EXPECT_EQ(history.Load(path_), "");
  EXPECT_EQ(history.Expected("A.a"), milliseconds(0));
  history.Record("B.b/1", microseconds(7001));
  history.Record("A.a with spaces", microseconds(0));
  EXPECT_EQ(history.Save(), "");
  EXPECT_EQ(Read(), "testcell history 1\n1 A.a with spaces\n8 B.b/1\n");
  EXPECT_EQ(history.Load(path_), "");
  EXPECT_EQ(history.Expected("B.b/1"), milliseconds(8));
}

TEST_F(HistoryTest, RunsThatSaveAtOnceKeepEachOthersDurations) {
  Write("testcell history 1\n100 A.a\n7 C.c\n");
  History one;
  History other;
  EXPECT_EQ(one.Load(path_), "");
  EXPECT_EQ(other.Load(path_), "");
  one.Record("A.a", milliseconds(200));
  other.Record("B.b", milliseconds(3));
  EXPECT_EQ(one.Save(), "");
  EXPECT_EQ(other.Save(), "");
  EXPECT_EQ(Read(), "testcell history 1\n150 A.a\n3 B.b\n7 C.c\n");
}

TEST_F(HistoryTest, LinesThatWereCutShortArePassedOver) {
  Write("testcell history 1\n5 A.a\nx B.b\n12\n-3 C.c\n7 D.d");
  History history;
  EXPECT_EQ(history.Load(path_), "");
  history.Record("E.e", milliseconds(1));
  EXPECT_EQ(history.Save(), "");
  EXPECT_EQ(Read(), "testcell history 1\n5 A.a\n1 E.e\n");
}

TEST_F(HistoryTest, AShorterTextLeavesNothingOfTheLonger) {
  Write("testcell history 1\n" + std::string(1000, 'x') + "\n");
  History history;
  EXPECT_EQ(history.Load(path_), "");
  history.Record("A.a", milliseconds(1));
  EXPECT_EQ(history.Save(), "");
  EXPECT_EQ(Read(), "testcell history 1\n1 A.a\n");
}

TEST_F(HistoryTest, SenselessDurationsAreCutDown) {
  Write("testcell history 1\n9223372036854775807 A.a\n99999999999999999999999 B.b\n0 C.c\n");
  History history;
  EXPECT_EQ(history.Load(path_), "");
  EXPECT_EQ(history.Expected("A.a"), std::chrono::hours(1000));
  EXPECT_EQ(history.Expected("B.b"), std::chrono::hours(1000));
  EXPECT_EQ(history.Expected("C.c"), milliseconds(0));
}

TEST_F(HistoryTest, AFixedFileHasToBeThatOneAndStaysAsItIs) {
  const std::string text = "testcell history 1\n5 A.a\n";
  const std::string digest = "de7f9eaefc7e7f8e80f250da908d68d5c127cb8f3747a6b9467a40a2413d8d61";
  Write(text);
  History history;
  EXPECT_EQ(history.LoadFixed(path_, "0123456789abcdef"),
            "the history " + path_ + " has the SHA-256 " + digest +
                ", not 0123456789abcdef: it is not the one that divides the shards");
  EXPECT_EQ(history.LoadFixed(path_, digest.substr(0, 16)), "");
  EXPECT_EQ(history.LoadFixed(path_, digest), "");
  EXPECT_EQ(history.Expected("A.a"), milliseconds(5));
  history.Record("A.a", milliseconds(9));
  EXPECT_EQ(history.Save(), "");
  EXPECT_EQ(Read(), text);
}

TEST_F(HistoryTest, AFixedFileIsNotMade) {
  History history;
  EXPECT_EQ(history.LoadFixed(path_, "0123456789abcdef"),
            "cannot open the history " + path_ + ": ENOENT (No such file or directory)");
  EXPECT_NE(::access(path_.c_str(), F_OK), 0);
}

TEST_F(HistoryTest, SomebodysFileIsNotTouched) {
  Write("int main() {}\n");
  History history;
  EXPECT_EQ(history.Load(path_), path_ +
                                     " holds something else than durations of tests: testcell "
                                     "does not touch it");
  history.Record("A.a", milliseconds(1));
  EXPECT_NE(history.Save(), "");
  EXPECT_EQ(Read(), "int main() {}\n");
}

TEST_F(HistoryTest, WhatCannotBeOpenedIsTold) {
  History history;
  EXPECT_EQ(history.Load("/no/such/file"),
            "cannot open the history /no/such/file: ENOENT (No such file or directory)");
}

}  // namespace
}  // namespace testcell::internal
