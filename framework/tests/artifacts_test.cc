#include "supervisor/artifacts.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace testcell::supervisor {
namespace {

TEST(ArtifactNames, PlainOnesStay) { EXPECT_EQ(FileName("Server.Starts_2"), "Server.Starts_2"); }

TEST(ArtifactNames, WhatFileSystemsAndShellsMindIsSpelledOut) {
  EXPECT_EQ(FileName("Some/Suite.Case/0"), "Some%2FSuite.Case%2F0");
  EXPECT_EQ(FileName("../up"), "%2E.%2Fup");
  EXPECT_EQ(FileName("a b\n\xc3\xa4%"), "a%20b%0A%C3%A4%25");
}

TEST(ArtifactNames, LongOnesAreCutAndStayApart) {
  const std::string common(300, 'x');
  std::set<std::string> names;
  for (const char* end : {"", "a", "b"}) {
    names.insert(FileName(common + end));
    EXPECT_LE(FileName(common + end).size(), 200u);
  }
  EXPECT_EQ(names.size(), 3u);
}

TEST(ArtifactNames, EachAttemptHasItsOwn) {
  Remains remains;
  remains.directory = "/kept";
  remains.test = "A.b";
  EXPECT_EQ(ArtifactPath(remains), "/kept/A.b");
  remains.attempt = 2;
  EXPECT_EQ(ArtifactPath(remains), "/kept/A.b.attempt-2");
}

TEST(OutputCopies, KeepTheBeginning) {
  OutputCopy copy("/no/such/directory");
  EXPECT_EQ(copy.fd(0), -1);
  const std::string part(1 << 20, 'x');
  for (int i = 0; i < 65; ++i) copy.Add(0, part);
  EXPECT_EQ(copy.lost_bytes(0), 1u << 20);
  EXPECT_EQ(copy.fd(1), -1);
  EXPECT_EQ(::lseek(copy.fd(0), 0, SEEK_END), 64 << 20);
}

}  // namespace
}  // namespace testcell::supervisor
