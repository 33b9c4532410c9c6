// Tests whose names or parameters are what nobody expects.
#include <gtest/gtest.h>

#include <string>

namespace {

class Named : public ::testing::TestWithParam<std::string> {};
TEST_P(Named, Value) {}
INSTANTIATE_TEST_SUITE_P(Plain, Named, ::testing::Values("one", "a b", "it's", "50%", "x=y"));

class Odd : public ::testing::TestWithParam<std::string> {};
TEST_P(Odd, Value) {}
INSTANTIATE_TEST_SUITE_P(Values, Odd,
                         ::testing::Values("a;b", "[", "]]", "]=]", "[=[x", "\"q\"", "back\\slash",
                                           "$ENV{HOME} ${x} @y@", "two\nlines",
                                           "\xc3\xbc\xe2\x82\xac", "# hash", "  # GetParam() = 1",
                                           "", ";", "\\;", "\t"));

// Two values that look alike.
struct Opaque {
  int value;
};
void PrintTo(const Opaque&, std::ostream* stream) { *stream << "opaque"; }
class Alike : public ::testing::TestWithParam<Opaque> {};
TEST_P(Alike, Value) {}
INSTANTIATE_TEST_SUITE_P(, Alike, ::testing::Values(Opaque{1}, Opaque{2}));

class ByName : public ::testing::TestWithParam<int> {};
TEST_P(ByName, Value) {}
INSTANTIATE_TEST_SUITE_P(, ByName, ::testing::Values(7, 8),
                         [](const auto& info) { return "n" + std::to_string(info.param); });

template <typename T>
class Typed : public ::testing::Test {};
using Types = ::testing::Types<int, std::pair<int, char>>;
TYPED_TEST_SUITE(Typed, Types);
TYPED_TEST(Typed, Case) {}

class Registered : public ::testing::Test {
 public:
  void TestBody() override {
    // Alone, that is: by a filter that lets no other in.
    int selected = 0;
    const auto* unit = ::testing::UnitTest::GetInstance();
    for (int i = 0; i < unit->total_test_suite_count(); ++i) {
      selected += unit->GetTestSuite(i)->test_to_run_count();
    }
    EXPECT_EQ(selected, 1);
  }
};

const bool kRegistered = [] {
  for (const char* name :
       {"with space", "a-b", "axb",  "a*",   "ab",       "q?",       "c:d",       "e;f",
        "[g",         "h]",  "i\\j", "k]=]", "\xc3\xa4", " leading", "trailing ", "dot.dot",
        "#no",        "l/m", "$n",   "%o",   "\"p\"",    "'q'"}) {
    ::testing::RegisterTest("Registered", name, nullptr, nullptr, __FILE__, __LINE__,
                            []() -> Registered* { return new Registered; });
  }
  ::testing::RegisterTest("Registered suite; [of] its own", "case", nullptr, nullptr, __FILE__,
                          __LINE__, []() -> Registered* { return new Registered; });
  return true;
}();

}  // namespace
