#include "cell/carry_pattern.h"

#include <gtest/gtest.h>

namespace testcell::cell {
namespace {

bool Matches(const char* pattern, const char* path) { return CarryPattern(pattern).Matches(path); }

TEST(CarryPattern, OneNameIsForEveryDirectory) {
  EXPECT_TRUE(Matches("*.log", "a.log"));
  EXPECT_TRUE(Matches("*.log", "deep/down/a.log"));
  EXPECT_FALSE(Matches("*.log", "a.log/b"));
  EXPECT_FALSE(Matches("*.log", "a.logs"));
  EXPECT_TRUE(Matches("out/", "some/out"));
  EXPECT_TRUE(Matches("*", ".hidden"));
  EXPECT_TRUE(Matches("**", "a/b"));
}

TEST(CarryPattern, APathBeginsAtTheDirectory) {
  EXPECT_TRUE(Matches("golden/*.txt", "golden/a.txt"));
  EXPECT_FALSE(Matches("golden/*.txt", "sub/golden/a.txt"));
  EXPECT_FALSE(Matches("golden/*.txt", "golden/sub/a.txt"));
  EXPECT_FALSE(Matches("golden?a.txt", "golden/a.txt"));
  EXPECT_FALSE(Matches("golden[/]a.txt", "golden/a.txt"));
  EXPECT_TRUE(Matches("golden//[ab].txt", "golden/b.txt"));
}

TEST(CarryPattern, TwoStarsAreAnyNumberOfDirectories) {
  for (const char* path : {"a/z", "a/b/z", "a/b/c/z"}) EXPECT_TRUE(Matches("a/**/z", path)) << path;
  EXPECT_FALSE(Matches("a/**/z", "b/a/z"));
  EXPECT_TRUE(Matches("**/z", "z"));
  EXPECT_TRUE(Matches("a/**", "a/b/c"));
}

TEST(CarryPattern, OfManyStarsComesToAnEnd) {
  std::string pattern;
  std::string path;
  for (int i = 0; i < 20; ++i) pattern += "**/a/";
  for (int i = 0; i < 100; ++i) path += "a/";
  EXPECT_TRUE(CarryPattern(pattern + "b").Matches(path + "b"));
  EXPECT_FALSE(CarryPattern(pattern + "b").Matches(path + "c"));
}

TEST(CarryPattern, AnAbsoluteOneIsComparedWithTheWholePath) {
  EXPECT_TRUE(CarryPattern("/srv/*").absolute());
  EXPECT_FALSE(CarryPattern("srv/*").absolute());
  EXPECT_TRUE(Matches("/srv/*", "srv/a"));
  EXPECT_FALSE(Matches("/srv", "opt/srv"));
  EXPECT_EQ(CarryPattern("/srv/a/*.txt").Prefix(), "/srv/a");
  EXPECT_EQ(CarryPattern("/srv/a").Prefix(), "/srv/a");
  EXPECT_EQ(CarryPattern("/*").Prefix(), "");
}

TEST(CarryPattern, SaysWhyItIsNone) {
  EXPECT_EQ(CarryPattern::Check("golden/*.txt"), "");
  EXPECT_EQ(CarryPattern::Check(""), "is empty");
  EXPECT_EQ(CarryPattern::Check("//"), "names no file; '*' names them all");
  EXPECT_EQ(CarryPattern::Check("../a"), "has a '..'; write the path without");
  EXPECT_EQ(CarryPattern::Check("./a"), "has a '.'; write the path without");
}

}  // namespace
}  // namespace testcell::cell
