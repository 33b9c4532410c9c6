// A program that uses every feature of GoogleTest that shows in a result, a
// report or a listener. compare_runs.py runs it plain and in cells, and expects
// the same of both: so each test's outcome is its own (some are made to fail),
// none depends on another, and no output holds a time, a pid or an address.
//
// This file: assertions, messages, fixtures, suites, properties, environments,
// a listener and main. feature_binary_more.cc: output, parameters, types, death,
// exceptions, threads, printing and mocks. Needs GoogleTest 1.10 or later.
//
// FEATURE_WITH_TESTCELL: compiled with testcell's header and main's call.
// FEATURE_SANITIZES_THREADS: compiled with ThreadSanitizer.
// FEATURE_ENVIRONMENT=fail|expect|skip in the environment: what an Environment does.
#ifdef FEATURE_WITH_TESTCELL
#include <testcell/gtest.h>
#else
#include <gtest/gtest.h>
#endif

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>

void RegisterDynamicTests();  // in feature_binary_more.cc

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

// ---- Environments and a listener

class PrintingEnvironment : public testing::Environment {
 public:
  explicit PrintingEnvironment(const char* name) : name_(name) {}

  void SetUp() override {
    std::printf("environment %s set up\n", name_);
    testing::Test::RecordProperty(std::string(name_) + "_set_up", "yes");
    const char* mode = std::getenv("FEATURE_ENVIRONMENT");
    if (mode == nullptr || std::strcmp(name_, "second") != 0) return;
    if (std::strcmp(mode, "expect") == 0) ADD_FAILURE() << "the environment has a failure";
    if (std::strcmp(mode, "fail") == 0) FAIL() << "the environment fails";
    if (std::strcmp(mode, "skip") == 0) GTEST_SKIP() << "the environment skips";
  }
  void TearDown() override {
    std::printf("environment %s torn down\n", name_);
    testing::Test::RecordProperty(std::string(name_) + "_torn_down", 1);
  }

 private:
  const char* name_;
};

// Prints each event, with what a listener can ask for at that time.
// Those named testcell.* are of runs in cells alone.
int OwnProperties(const testing::TestResult& result) {
  int count = 0;
  for (int i = 0; i < result.test_property_count(); ++i) {
    if (std::strncmp(result.GetTestProperty(i).key(), "testcell.", 9) != 0) ++count;
  }
  return count;
}

class PrintingListener : public testing::TestEventListener {
 public:
  void OnTestProgramStart(const testing::UnitTest&) override { Print("program start"); }
  void OnTestIterationStart(const testing::UnitTest& unit_test, int iteration) override {
    Print("iteration " + std::to_string(iteration) +
          " start: " + std::to_string(unit_test.test_to_run_count()) + " tests");
  }
  void OnEnvironmentsSetUpStart(const testing::UnitTest&) override { Print("environments"); }
  void OnEnvironmentsSetUpEnd(const testing::UnitTest&) override { Print("environments set up"); }
#ifndef GTEST_REMOVE_LEGACY_TEST_CASEAPI_
  using testing::TestEventListener::OnTestCaseEnd;
  using testing::TestEventListener::OnTestCaseStart;
#endif
  void OnTestSuiteStart(const testing::TestSuite& suite) override {
    Print(std::string("suite ") + suite.name());
  }
  void OnTestStart(const testing::TestInfo& test) override {
    Print(std::string("test ") + test.test_suite_name() + "." + test.name());
    if (std::strcmp(test.name(), "FromTheListener") == 0) {
      testing::Test::RecordProperty("listener", "at the start");
    }
  }
#ifdef GTEST_TEST_F  // 1.12 or later
  void OnTestDisabled(const testing::TestInfo& test) override {
    Print(std::string("disabled ") + test.name());
  }
#endif
  void OnTestPartResult(const testing::TestPartResult& part) override {
    Print("part of type " + std::to_string(part.type()) + " in line " +
          std::to_string(part.line_number()) + ": " + std::string(part.summary()).substr(0, 60));
  }
  void OnTestEnd(const testing::TestInfo& test) override {
    if (std::strcmp(test.name(), "FromTheListener") == 0) {
      testing::Test::RecordProperty("listener", "at the end");
    }
    if (std::strcmp(test.name(), "FailsThisTest") == 0) ADD_FAILURE() << "the listener fails";
    const testing::TestResult& result = *test.result();
    Print(std::string("test end, ") + (result.Passed() ? "passed" : "not passed") +
          (result.Skipped() ? ", skipped, " : ", ") + std::to_string(result.total_part_count()) +
          " parts, " + std::to_string(OwnProperties(result)) + " properties");
  }
  void OnTestSuiteEnd(const testing::TestSuite& suite) override {
    Print("suite end, " + std::to_string(suite.successful_test_count()) + " successful, " +
          std::to_string(suite.failed_test_count()) + " failed, " +
          std::to_string(suite.skipped_test_count()) + " skipped, itself " +
          (suite.ad_hoc_test_result().Failed() ? "failed" : "good"));
  }
  void OnEnvironmentsTearDownStart(const testing::UnitTest&) override { Print("tear-down"); }
  void OnEnvironmentsTearDownEnd(const testing::UnitTest&) override { Print("torn down"); }
  void OnTestIterationEnd(const testing::UnitTest& unit_test, int) override {
    Print("iteration end, " + std::to_string(unit_test.successful_test_count()) + " successful");
  }
  void OnTestProgramEnd(const testing::UnitTest&) override { Print("program end"); }

 private:
  static void Print(const std::string& event) {
    std::printf("listener: %s\n", event.c_str());
    std::fflush(stdout);
  }
};

}  // namespace

int main(int argc, char** argv) {
#ifdef FEATURE_SANITIZES_THREADS
  // ThreadSanitizer adds a thread of its own with the first one, and in every
  // fork: GoogleTest counts it before a death test, and is to do so everywhere.
  std::thread([] {}).join();
#endif
#ifdef FEATURE_WITH_TESTCELL
  testcell::InitGoogleTest(&argc, argv);
#else
  testing::InitGoogleTest(&argc, argv);
#endif
  testing::UnitTest::GetInstance()->listeners().Append(new PrintingListener);
  testing::AddGlobalTestEnvironment(new PrintingEnvironment("first"));
  testing::AddGlobalTestEnvironment(new PrintingEnvironment("second"));
  RegisterDynamicTests();
  return RUN_ALL_TESTS();
}
