// Part of the feature binary: fixtures, suites and properties. See feature_binary.cc.
#ifdef FEATURE_WITH_TESTCELL
#include <testcell/gtest.h>
#else
#include <gtest/gtest.h>
#endif

#include <cstdio>
#include <memory>
#include <string>

namespace {

// ---- Fixtures

class InSetUp : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    if (name == "Fails") FAIL() << "SetUp fails";
    if (name == "FailsButGoesOn") ADD_FAILURE() << "SetUp has a failure";
    if (name == "Skips") GTEST_SKIP() << "SetUp skips";
  }
  void TearDown() override { std::puts("TearDown"); }
};
TEST_F(InSetUp, Passes) {}
TEST_F(InSetUp, Fails) { ADD_FAILURE() << "never reached"; }
TEST_F(InSetUp, FailsButGoesOn) { EXPECT_TRUE(false) << "so does the body"; }
TEST_F(InSetUp, Skips) { ADD_FAILURE() << "never reached"; }

class InTearDown : public testing::Test {
 protected:
  void TearDown() override { FAIL() << "TearDown fails"; }
};
TEST_F(InTearDown, Fails) {}
TEST_F(InTearDown, BodyFailsToo) { FAIL() << "body"; }
TEST_F(InTearDown, BodySkips) { GTEST_SKIP() << "body"; }

class InConstructor : public testing::Test {
 protected:
  InConstructor() { Check(); }
  ~InConstructor() override { EXPECT_TRUE(false) << "the destructor fails"; }
  void SetUp() override { std::puts("SetUp"); }
  void Check() { ASSERT_TRUE(false) << "the constructor fails"; }
};
TEST_F(InConstructor, Fails) { ADD_FAILURE() << "never reached"; }

class InDestructor : public testing::Test {
 protected:
  ~InDestructor() override { ADD_FAILURE() << "the destructor fails"; }
};
TEST_F(InDestructor, Fails) { std::puts("body"); }

TEST(Skips, InBody) { GTEST_SKIP(); }
TEST(Skips, WithMessage) { GTEST_SKIP() << "because of <this>\nand that"; }
TEST(Skips, AfterFailure) {
  EXPECT_EQ(1, 2);
  GTEST_SKIP() << "failed before";
}
TEST(Skips, Seen) {
  EXPECT_FALSE(IsSkipped());
  [] { GTEST_SKIP() << "in a subroutine"; }();
  EXPECT_TRUE(IsSkipped());
}

TEST(Disabled, DISABLED_Case) { FAIL() << "runs only if asked to"; }
TEST(DISABLED_Suite, Case) { FAIL() << "runs only if asked to"; }

// Two fixtures in one suite: GoogleTest fails the second test.
class Mixed : public testing::Test {};
TEST_F(Mixed, IsTheFixture) {}
TEST(Mixed, HasAnotherFixture) { std::puts("never reached"); }
TEST_F(Mixed, IsTheFixtureAgain) {}

TEST(Information, OfTheCurrentTest) {
  const testing::UnitTest& unit_test = *testing::UnitTest::GetInstance();
  ASSERT_NE(unit_test.current_test_info(), nullptr);
  EXPECT_STREQ(unit_test.current_test_info()->name(), "OfTheCurrentTest");
  EXPECT_STREQ(unit_test.current_test_info()->test_suite_name(), "Information");
  EXPECT_STREQ(unit_test.current_test_suite()->name(), "Information");
  EXPECT_TRUE(unit_test.current_test_info()->should_run());
  EXPECT_TRUE(unit_test.current_test_info()->result()->Passed());
}

// ---- Suites

class SuiteWithSetUp : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::puts("SetUpTestSuite");
    RecordProperty("suite_set_up", "done");
    resource = std::make_unique<std::string>("shared");
  }
  static void TearDownTestSuite() {
    std::fputs("TearDownTestSuite without newline", stdout);
    RecordProperty("suite_torn_down", 1);
    resource.reset();
  }
  static std::unique_ptr<std::string> resource;
};
std::unique_ptr<std::string> SuiteWithSetUp::resource;
TEST_F(SuiteWithSetUp, One) { EXPECT_EQ(*resource, "shared"); }
TEST_F(SuiteWithSetUp, Two) { EXPECT_EQ(*resource, "other"); }

class SuiteSetUpFails : public testing::Test {
 protected:
  static void SetUpTestSuite() { FAIL() << "SetUpTestSuite fails"; }
  static void TearDownTestSuite() { std::puts("TearDownTestSuite all the same"); }
};
TEST_F(SuiteSetUpFails, One) { std::puts("runs or is skipped, as GoogleTest's version has it"); }
TEST_F(SuiteSetUpFails, Two) { FAIL() << "a failure of its own"; }

class SuiteSetUpSkips : public testing::Test {
 protected:
  static void SetUpTestSuite() { GTEST_SKIP() << "SetUpTestSuite skips"; }
};
TEST_F(SuiteSetUpSkips, One) {}
TEST_F(SuiteSetUpSkips, Two) {}

class SuiteTearDownFails : public testing::Test {
 protected:
  static void TearDownTestSuite() { EXPECT_EQ("TearDownTestSuite", std::string("fails")); }
};
TEST_F(SuiteTearDownFails, One) {}
TEST_F(SuiteTearDownFails, Two) {}

#ifndef GTEST_REMOVE_LEGACY_TEST_CASEAPI_
class SuiteWithOldNames : public testing::Test {
 protected:
  static void SetUpTestCase() { ready = true; }
  static void TearDownTestCase() { std::puts("TearDownTestCase"); }
  static bool ready;
};
bool SuiteWithOldNames::ready = false;
TEST_F(SuiteWithOldNames, IsSetUp) { EXPECT_TRUE(ready); }
#endif

// ---- Properties

TEST(Properties, OfATest) {
  RecordProperty("text", "value");
  RecordProperty("number", 42);
  RecordProperty("twice", "first");
  RecordProperty("twice", "second");
  RecordProperty("markup", "<&\"'> \u00e4 \n ]]>");
  RecordProperty("empty", "");
}

TEST(Properties, ReservedName) { RecordProperty("classname", "taken"); }

TEST(Properties, OfAFailedTest) {
  RecordProperty("before", 1);
  EXPECT_EQ(1, 2);
  RecordProperty("after", 2);
}

TEST(Properties, FromTheListener) { RecordProperty("from", "the test"); }

TEST(Listener, FailsThisTest) { std::puts("passes by itself"); }

}  // namespace
