// Part of the feature binary: assertions and messages. See feature_binary.cc.
#ifdef FEATURE_WITH_TESTCELL
#include <testcell/gtest.h>
#else
#include <gtest/gtest.h>
#endif

#include <cstdio>
#include <string>

namespace {

// ---- Assertions

TEST(Assertions, Pass) {
  EXPECT_EQ(1 + 1, 2);
  ASSERT_TRUE(true);
}

TEST(Assertions, Succeed) { SUCCEED() << "a success has no message"; }

TEST(Assertions, ExpectGoesOn) {
  EXPECT_EQ(1, 2) << "first";
  EXPECT_EQ(3, 4) << "second";
  std::puts("after both");
}

TEST(Assertions, AssertStops) {
  ASSERT_EQ(1, 2) << "stops here";
  ADD_FAILURE() << "never reached";
}

TEST(Assertions, EachComparisonFails) {
  EXPECT_NE(1, 1);
  EXPECT_LT(2, 1);
  EXPECT_LE(2, 1);
  EXPECT_GT(1, 2);
  EXPECT_GE(1, 2);
  EXPECT_TRUE(1 > 2);
  EXPECT_FALSE(2 > 1) << "with a message";
  EXPECT_STREQ("one", "two");
  EXPECT_STRNE("one", "one");
  EXPECT_STRCASEEQ("One", "tWo");
  EXPECT_STREQ(nullptr, "null");
  EXPECT_STREQ(L"wide", L"w\u00efde");
  EXPECT_FLOAT_EQ(1.0F, 1.5F);
  EXPECT_DOUBLE_EQ(1.0, 1.5);
  EXPECT_NEAR(1.0, 2.0, 0.25);
}

bool IsMultiple(int a, int b) { return a % b == 0; }

testing::AssertionResult IsEven(int n) {
  if (n % 2 == 0) return testing::AssertionSuccess() << n << " is even";
  return testing::AssertionFailure() << n << " is odd";
}

testing::AssertionResult Agree(const char* a_text, const char* b_text, int a, int b) {
  if (a == b) return testing::AssertionSuccess();
  return testing::AssertionFailure() << a_text << " is " << a << ", but " << b_text << " is " << b;
}

TEST(Assertions, Predicates) {
  EXPECT_PRED2(IsMultiple, 6, 3);
  EXPECT_PRED2(IsMultiple, 7, 3);
  EXPECT_PRED_FORMAT2(Agree, 2 + 2, 5);
  EXPECT_TRUE(IsEven(3));
  EXPECT_FALSE(IsEven(4));
}

TEST(Assertions, AtAnotherPlace) {
  ADD_FAILURE_AT("another_file.cc", 42) << "not where it says";
  ADD_FAILURE_AT("", 0) << "nowhere";
}

void FailsFatally(const char* why) { FAIL() << why; }

TEST(Assertions, SubroutineFails) {
  FailsFatally("from a subroutine");
  EXPECT_TRUE(HasFatalFailure());
  EXPECT_FALSE(HasNonfatalFailure());
  EXPECT_TRUE(HasFailure());
}

TEST(Assertions, NoFatalFailure) {
  EXPECT_NO_FATAL_FAILURE(FailsFatally("inside")) << "and around it";
  ASSERT_NO_FATAL_FAILURE({ EXPECT_EQ(1, 2) << "not fatal"; });
}

TEST(Assertions, ManyFailures) {
  for (int i = 0; i < 200; ++i) EXPECT_LT(i, 0) << "number " << i;
}

void TracedCheck(int n) {
  SCOPED_TRACE("in TracedCheck");
  EXPECT_EQ(n, 0);
}

TEST(Traces, Nested) {
  SCOPED_TRACE("outer <&>");
  for (int i = 0; i < 2; ++i) {
    SCOPED_TRACE(testing::Message() << "round " << i);
    const testing::ScopedTrace elsewhere("elsewhere.cc", 7, std::string("a string"));
    TracedCheck(i);
  }
  ADD_FAILURE() << "outer trace only";
}

// ---- Messages

TEST(Messages, ManyLines) { FAIL() << "one\ntwo\n\n  four\n\ttabbed\nends with newlines\n\n"; }

TEST(Messages, NotAscii) {
  ADD_FAILURE() << "gr\u00fc\u00df dich, \u4e16\u754c \U0001F980";
  ADD_FAILURE() << "not UTF-8: \xff\xfe\xc3(";
  EXPECT_EQ(std::string("\u00e4"), std::string("\xe4"));
}

TEST(Messages, Markup) {
  ADD_FAILURE() << "<![CDATA[ ]]> ]]]]>> &amp; <a b=\"c\" d='e'/> \\ \"quoted\" --> %s %n {}";
}

TEST(Messages, ControlCharacters) {
  std::string all;
  for (char c = 1; c < 32; ++c) all += c;
  ADD_FAILURE() << all << "\x7f \x1b[31mred\x1b[0m \r\n";
  ADD_FAILURE() << std::string("with\0nul", 8);
}

TEST(Messages, VeryLong) {
  std::string text;
  while (text.size() < 200'000) text += "0123456789abcdefghijklmnopqrstuvwxyz<&>\n";
  FAIL() << text;
}

TEST(Messages, DiffOfStrings) {
  EXPECT_EQ("a\nb\nc\nd\ne\nf\n", std::string("a\nB\nc\nd\nf\ng\n"));
}

TEST(Messages, Empty) {
  ADD_FAILURE() << "";
  FAIL();
}

}  // namespace
