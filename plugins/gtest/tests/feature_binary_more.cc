// Part of the feature binary: output, parameters, types, death, exceptions,
// threads, printing and mocks. See feature_binary.cc.
#ifdef FEATURE_WITH_TESTCELL
#include <testcell/gtest.h>
#else
#include <gtest/gtest.h>
#endif

// -DFEATURE_WITHOUT_GMOCK where only GoogleTest's own library is linked.
#if __has_include(<gmock/gmock.h>) && !defined(FEATURE_WITHOUT_GMOCK)
#define FEATURE_HAS_GMOCK 1
#include <gmock/gmock.h>
#endif

#include <gtest/gtest-spi.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#ifdef __clang__  // GoogleTest's own TYPED_TEST_SUITE, without a name generator
#pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#endif

void RegisterDynamicTests();

namespace {

// ---- Output

TEST(Output, WithoutNewline) { std::fputs("no newline at the end", stdout); }
TEST(Output, Stderr) { std::fputs("to stderr\n", stderr); }

TEST(Output, AmongFailures) {
  std::puts("before the first");
  EXPECT_EQ(1, 2);
  std::cout << "between, by cout" << std::endl;
  std::cerr << "between, by cerr\n";
  EXPECT_EQ(3, 4);
  std::fflush(stdout);
  const char raw[] = "after, by write(2)\n";
  EXPECT_EQ(write(STDOUT_FILENO, raw, std::strlen(raw)), static_cast<ssize_t>(std::strlen(raw)));
}

TEST(Output, Binary) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(std::fwrite(bytes.data(), 1, bytes.size(), stdout), bytes.size());
}

TEST(Output, Much) {
  for (int i = 0; i < 4000; ++i) std::printf("line %d of four thousand\n", i);
}

TEST(Output, LooksLikeGoogleTest) {
  std::puts("[ RUN      ] Not.ATest\n[  FAILED  ] Not.ATest (1 ms)\n<testcase name=\"Nor\"/>");
}

TEST(Output, Captured) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  std::puts("captured");
  std::fputs("this too", stderr);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "captured\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "this, too");
  std::puts("no longer captured");
}

// A suite that has tests in both files.
TEST(Assertions, InTheOtherFile) { EXPECT_EQ(1, 2) << "in the other file"; }

// ---- Parameters

class Numbers : public testing::TestWithParam<int> {};
TEST_P(Numbers, AreNotThree) { EXPECT_NE(GetParam(), 3); }
TEST_P(Numbers, AreSkippedIfEven) {
  if (GetParam() % 2 == 0) GTEST_SKIP() << GetParam();
}
INSTANTIATE_TEST_SUITE_P(Few, Numbers, testing::Values(1, 2, 3));
INSTANTIATE_TEST_SUITE_P(DISABLED_Off, Numbers, testing::Values(3));
INSTANTIATE_TEST_SUITE_P(, Numbers, testing::Range(7, 8));

struct City {
  std::string name;
  int people;
};
void PrintTo(const City& city, std::ostream* out) {
  *out << city.name << " <" << city.people << ">";
}

class Cities : public testing::TestWithParam<City> {};
TEST_P(Cities, AreLarge) { EXPECT_GT(GetParam().people, 1000) << GetParam().name; }
INSTANTIATE_TEST_SUITE_P(Named, Cities,
                         testing::Values(City{"Ulm", 128928}, City{"B\u00fcsum", 980}),
                         [](const testing::TestParamInfo<City>& city) {
                           return "City" + std::to_string(city.index);
                         });

class Combined : public testing::TestWithParam<std::tuple<bool, std::string, char>> {};
TEST_P(Combined, IsConsistent) {
  EXPECT_TRUE(std::get<0>(GetParam()) || std::get<1>(GetParam()) == "a:b*c?-/");
}
INSTANTIATE_TEST_SUITE_P(All, Combined,
                         testing::Combine(testing::Bool(), testing::Values("plain", "a:b*c?-/"),
                                          testing::ValuesIn(std::vector<char>{'x', '\n'})));
INSTANTIATE_TEST_SUITE_P(Printed, Numbers, testing::ValuesIn({5, 11}),
                         testing::PrintToStringParamName());

// From 1.11 on GoogleTest adds a failing test for each of these.
class NeverInstantiated : public testing::TestWithParam<int> {};
TEST_P(NeverInstantiated, Case) {}
class RightlyNotInstantiated : public testing::TestWithParam<int> {};
TEST_P(RightlyNotInstantiated, Case) {}
#ifdef GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RightlyNotInstantiated);
#endif

// ---- Types

template <class T>
class Containers : public testing::Test {
 protected:
  static void SetUpTestSuite() { std::puts("a set-up for each type"); }
  T container_;
};
using ContainerTypes = testing::Types<std::vector<int>, std::set<int>>;
TYPED_TEST_SUITE(Containers, ContainerTypes);
TYPED_TEST(Containers, AreEmpty) { EXPECT_TRUE(this->container_.empty()); }
TYPED_TEST(Containers, KeepTwins) {
  this->container_.insert(this->container_.end(), 1);
  this->container_.insert(this->container_.end(), 1);
  EXPECT_EQ(this->container_.size(), 2U);
}

struct TypeNames {
  template <class T>
  static std::string GetName(int) {
    return sizeof(T) == 1 ? "Byte" : "Word";
  }
};
template <class T>
class Integers : public testing::Test {};
TYPED_TEST_SUITE_P(Integers);
TYPED_TEST_P(Integers, AreZero) { EXPECT_EQ(TypeParam(), TypeParam(0)); }
TYPED_TEST_P(Integers, AreWide) { EXPECT_GT(sizeof(TypeParam), 1U); }
REGISTER_TYPED_TEST_SUITE_P(Integers, AreZero, AreWide);
using IntegerTypes = testing::Types<signed char, int>;
INSTANTIATE_TYPED_TEST_SUITE_P(Sized, Integers, IntegerTypes, TypeNames);
INSTANTIATE_TYPED_TEST_SUITE_P(One, Integers, short);

// ---- Tests registered at run time

class Dynamic : public testing::Test {
 public:
  explicit Dynamic(int value) : value_(value) {}
  void TestBody() override { EXPECT_LT(value_, 2) << "made by RegisterTest"; }

 private:
  int value_;
};

// ---- Death

#if GTEST_HAS_DEATH_TEST

[[noreturn]] void Die(const char* last_words) {
  std::fputs(last_words, stderr);
  std::abort();
}

void SetDeathTestStyle(const char* style) {
#ifdef GTEST_FLAG_SET
  GTEST_FLAG_SET(death_test_style, style);
#else
  testing::GTEST_FLAG(death_test_style) = style;
#endif
}

class DyingDeathTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { SetDeathTestStyle(GetParam()); }
};
TEST_P(DyingDeathTest, ByAbort) { EXPECT_DEATH(Die("last words"), "last w.rds"); }
TEST_P(DyingDeathTest, BySignal) {
  EXPECT_EXIT(std::raise(SIGKILL), testing::KilledBySignal(SIGKILL), "");
}
TEST_P(DyingDeathTest, ByExit) {
  ASSERT_EXIT(std::exit(3), testing::ExitedWithCode(3), "");
  EXPECT_EXIT({ std::exit(GetParam()[0] == 'f' ? 4 : 5); }, testing::ExitedWithCode(4), "")
      << "only in the fast style";
}
TEST_P(DyingDeathTest, Survives) { EXPECT_DEATH(std::fputs("alive\n", stderr), "") << "lives"; }
TEST_P(DyingDeathTest, WrongWords) { EXPECT_DEATH(Die("unexpected words\n"), "expected words$"); }
TEST_P(DyingDeathTest, Returns) {
  EXPECT_DEATH(
      {
        std::fputs("leaving\n", stderr);
        return;
      },
      "");
}
INSTANTIATE_TEST_SUITE_P(In, DyingDeathTest, testing::Values("fast", "threadsafe"),
                         [](const auto& style) { return std::string(style.param); });

TEST(PlainDeathTest, InDebugMode) { EXPECT_DEBUG_DEATH(static_cast<void>(0), ".*"); }

#endif  // GTEST_HAS_DEATH_TEST

TEST(PlainDeathTest, IfSupported) { EXPECT_DEATH_IF_SUPPORTED(std::abort(), ""); }

// ---- Exceptions

#if GTEST_HAS_EXCEPTIONS

TEST(Exceptions, Standard) { throw std::runtime_error("what <happened>"); }
TEST(Exceptions, NotStandard) { throw 42; }

class ThrowsIn : public testing::Test {
 protected:
  ThrowsIn() {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    if (name == "Constructor") throw std::logic_error("in the constructor");
  }
  void SetUp() override {
    const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    if (name == "SetUp") throw std::logic_error("in SetUp");
  }
  void TearDown() override { throw std::logic_error("in TearDown"); }
};
TEST_F(ThrowsIn, Constructor) {}
TEST_F(ThrowsIn, SetUp) {}
TEST_F(ThrowsIn, TearDown) {}

class ThrowsInSuite : public testing::Test {
 protected:
  static void SetUpTestSuite() { throw std::logic_error("in SetUpTestSuite"); }
};
TEST_F(ThrowsInSuite, Case) {}

TEST(Exceptions, Assertions) {
  EXPECT_THROW(throw std::runtime_error("expected"), std::runtime_error);
  EXPECT_THROW(throw std::runtime_error("of another type"), std::bad_alloc);
  EXPECT_THROW(static_cast<void>(0), std::bad_alloc);
  EXPECT_NO_THROW(throw std::logic_error("unexpected"));
  EXPECT_ANY_THROW(static_cast<void>(0));
}

#endif  // GTEST_HAS_EXCEPTIONS

// ---- Failures that are expected

TEST(Spi, ExpectedFailures) {
  EXPECT_NONFATAL_FAILURE(EXPECT_EQ(1, 2) << "expected", "expected");
  EXPECT_FATAL_FAILURE(FAIL() << "expected", "expected");
  EXPECT_NONFATAL_FAILURE_ON_ALL_THREADS(ADD_FAILURE() << "expected", "expected");
}
TEST(Spi, NoFailure) { EXPECT_NONFATAL_FAILURE(SUCCEED(), "missing"); }
TEST(Spi, AnotherFailure) { EXPECT_FATAL_FAILURE(FAIL() << "this", "that"); }

// ---- Threads

TEST(Threads, FailInAnother) {
  std::thread([] { EXPECT_EQ(1, 2) << "in another thread"; }).join();
  std::thread([] {
    SCOPED_TRACE("trace of the thread");
    FAIL() << "ends the thread's function only";
  }).join();
  EXPECT_TRUE(HasFatalFailure());
}

// ---- Printed values

enum class Colour { kRed = 1 };
struct Opaque {
  unsigned char bytes[4];
  bool operator==(const Opaque& other) const { return bytes[0] == other.bytes[0]; }
};
struct Streamed {
  int n;
  bool operator==(const Streamed& other) const { return n == other.n; }
  friend std::ostream& operator<<(std::ostream& out, const Streamed& s) {
    return out << "streamed(" << s.n << ")";
  }
};

TEST(Printing, Values) {
  EXPECT_EQ(std::vector<int>({1, 2, 3}), std::vector<int>({1, 2, 4}));
  EXPECT_EQ((std::map<std::string, int>{{"a", 1}}), (std::map<std::string, int>{{"b", 1}}));
  EXPECT_EQ(std::make_pair('c', 1.5), std::make_pair('\t', 0.1));
  EXPECT_EQ(std::make_tuple(true, nullptr), std::make_tuple(false, nullptr));
#if defined(GTEST_INTERNAL_HAS_VARIANT) && GTEST_INTERNAL_HAS_VARIANT
  // 1.10 prints these as bytes, among them some that nobody has set.
  EXPECT_EQ(std::optional<int>(), std::optional<int>(3));
  EXPECT_EQ((std::variant<int, char>(3)), (std::variant<int, char>('x')));
#endif
  EXPECT_EQ(std::wstring(L"\u4e16"), std::wstring(L"w"));
  EXPECT_EQ((Opaque{{1, 2, 3, 255}}), (Opaque{{9, 2, 3, 0}}));
  EXPECT_EQ(Streamed{1}, Streamed{2});
  EXPECT_EQ(static_cast<int>(Colour::kRed), 2);
  EXPECT_EQ(std::string("nul\0 and \x01", 10), "\\");
  EXPECT_EQ(std::vector<int>(100), std::vector<int>());
}

// ---- Mocks. A leaked mock is left out: it is reported with its address.

#ifdef FEATURE_HAS_GMOCK

class Turtle {
 public:
  virtual ~Turtle() = default;
  virtual int Forward(int steps) = 0;
  virtual void Turn() = 0;
};
class MockTurtle : public Turtle {
 public:
  MOCK_METHOD(int, Forward, (int steps), (override));
  MOCK_METHOD(void, Turn, (), (override));
};

TEST(Mocks, Met) {
  MockTurtle turtle;
  EXPECT_CALL(turtle, Forward(testing::Gt(0))).Times(2).WillRepeatedly(testing::Return(5));
  EXPECT_EQ(turtle.Forward(1) + turtle.Forward(2), 10);
}
TEST(Mocks, Unmet) {
  MockTurtle turtle;
  EXPECT_CALL(turtle, Turn()).Times(testing::AtLeast(2));
  turtle.Turn();
}
TEST(Mocks, UnexpectedCall) {
  MockTurtle turtle;
  EXPECT_CALL(turtle, Forward(1)).WillOnce(testing::Return(1));
  EXPECT_EQ(turtle.Forward(2), 0);
  EXPECT_EQ(turtle.Forward(1), 1);
  EXPECT_EQ(turtle.Forward(1), 1) << "once too often";
}
TEST(Mocks, UninterestingCall) {
  MockTurtle turtle;
  ON_CALL(turtle, Forward(testing::_)).WillByDefault(testing::Return(9));
  EXPECT_EQ(turtle.Forward(3), 9);
}
TEST(Mocks, NiceAndStrict) {
  testing::NiceMock<MockTurtle> nice;
  testing::StrictMock<MockTurtle> strict;
  nice.Turn();
  strict.Turn();
}
TEST(Mocks, OutOfOrder) {
  MockTurtle turtle;
  {
    const testing::InSequence in_sequence;
    EXPECT_CALL(turtle, Turn());
    EXPECT_CALL(turtle, Forward(1));
  }
  turtle.Forward(1);
  turtle.Turn();
}
TEST(Mocks, Matchers) {
  EXPECT_THAT(std::vector<int>({1, 2}), testing::ElementsAre(1, testing::Gt(2)));
  EXPECT_THAT("text", testing::AllOf(testing::HasSubstr("ex"), testing::StartsWith("T")));
  ASSERT_THAT(4, testing::Not(testing::Eq(4))) << "a message";
}

#endif  // FEATURE_HAS_GMOCK

}  // namespace

// Their lines run against the order of registration: from 1.14 on GoogleTest
// sorts the tests of a suite by file and line when it runs the suite.
void RegisterDynamicTests() {
#ifndef __clang_analyzer__  // takes the factory, which GoogleTest keeps, for leaked
  for (int value = 0; value < 3; ++value) {
    const std::string name = "Made" + std::to_string(value);
    const std::string text = std::to_string(value);
    testing::RegisterTest("Dynamic", name.c_str(), value == 0 ? "a type" : nullptr, text.c_str(),
                          "made_up.cc", 100 - value,
                          [value]() -> Dynamic* { return new Dynamic(value); });
  }
#endif
}
