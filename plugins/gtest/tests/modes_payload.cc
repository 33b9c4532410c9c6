// The program that modes_test.py runs in testcell's modes. Each test, set-up
// and listener prints where it was; the script reads that.
//
// In the environment: MODES_DEFAULT=NAME=VALUE is what main gives to
// testcell::SetDefault, MODES_THROW adds a listener that throws at a fatal
// failure, MODES_FAIL the name of a test that the cell's listener
// is to fail; with MODES_FAIL_ENVIRONMENT the Environment's set-up fails.
#include <sys/utsname.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "testcell/gtest.h"

namespace {

const char* Here() { return testcell::InCell() ? "cell" : "parent"; }

std::string HostName() {
  utsname names = {};
  return uname(&names) == 0 ? names.nodename : "";
}

constexpr char kEnvironmentFails[] = "the environment fails";
const char* g_environment_was_in = "nowhere";

class PlaceEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    g_environment_was_in = Here();
    if (std::getenv("MODES_FAIL_ENVIRONMENT") != nullptr) FAIL() << kEnvironmentFails;
  }
  void TearDown() override { std::printf("environment torn down in %s\n", Here()); }
};

TEST(Plain, Where) {
  std::printf("Plain.Where in %s\n", Here());
  std::printf("environment in %s\n", g_environment_was_in);
}

class Marked : public testcell::Test {
 protected:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.host_name = "modes-cell";
    return options;
  }
};

TEST_F(Marked, Where) { std::printf("Marked.Where in %s of %s\n", Here(), HostName().c_str()); }

// GoogleTest fails the second one, whose fixture is not that of the first.
class MixedMarked : public Marked {};
TEST_F(MixedMarked, First) {}
TEST(MixedMarked, Other) {}
TEST_F(MixedMarked, Again) { std::printf("MixedMarked.Again in cell of %s\n", HostName().c_str()); }

class Suite : public testing::Test {
 protected:
  static void SetUpTestSuite() { set_up_in_ = Here(); }
  static void TearDownTestSuite() { std::printf("suite torn down in %s\n", Here()); }

  // What a test sees of the set-up and of the tests of its suite before it.
  static void Tell(const char* name) {
    std::printf("%s after %d tests, set up in %s\n", name, tests_before_++, set_up_in_);
  }

 private:
  static const char* set_up_in_;
  static int tests_before_;
};
const char* Suite::set_up_in_ = "nowhere";
int Suite::tests_before_ = 0;

TEST_F(Suite, One) { Tell("Suite.One"); }
TEST_F(Suite, Two) { Tell("Suite.Two"); }

TEST(Verdict, Passes) { std::puts("output of a test that passes"); }
TEST(Verdict, Fails) {
  std::puts("output of a test that fails");
  FAIL() << "as it should";
}

// GoogleTest's recipe to end a test from within a function that it calls.
class ThrowingListener : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (part.fatally_failed()) throw testing::AssertionException(part);
  }
};

TEST(Nested, Fails) {
  [] { FAIL() << "in a function"; }();
  std::puts("the test goes on");
}
TEST(Nested, FailsAgain) {
  [] { FAIL() << "in a function"; }();
}

class PlaceListener : public testing::EmptyTestEventListener {
 public:
  explicit PlaceListener(const char* name) : name_(name) {}

  void OnTestStart(const testing::TestInfo& test) override { Tell("start", test); }
  void OnTestEnd(const testing::TestInfo& test) override { Tell("end", test); }
  void OnTestPartResult(const testing::TestPartResult& part) override {
    if (std::strstr(part.summary(), kEnvironmentFails) == nullptr) return;
    std::printf("%s listener: %s in %s\n", name_, kEnvironmentFails, Here());
    std::fflush(stdout);
  }

 protected:
  void Tell(const char* event, const testing::TestInfo& test) const {
    std::printf("%s listener: %s of %s in %s\n", name_, event, test.name(), Here());
    std::fflush(stdout);
  }

 private:
  const char* name_;
};

class CellListener : public PlaceListener {
 public:
  CellListener() : PlaceListener("cell") {}

  void OnTestEnd(const testing::TestInfo& test) override {
    Tell("end", test);
    const char* to_fail = std::getenv("MODES_FAIL");
    if (to_fail != nullptr && std::string(test.name()) == to_fail) {
      ADD_FAILURE() << "the cell's listener fails it";
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (const char* setting = std::getenv("MODES_DEFAULT")) {
    const std::string text = setting;
    const std::size_t equals = text.find('=');
    testcell::SetDefault(text.substr(0, equals).c_str(), text.substr(equals + 1).c_str());
  }
  testcell::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) std::printf("argument left: %s\n", argv[i]);
  testing::AddGlobalTestEnvironment(new PlaceEnvironment);
  testing::UnitTest::GetInstance()->listeners().Append(new PlaceListener("user"));
  if (std::getenv("MODES_THROW") != nullptr) {
    testing::UnitTest::GetInstance()->listeners().Append(new ThrowingListener);
  }
  testcell::AddCellListener(new CellListener);
  return RUN_ALL_TESTS();
}
