// How the plugin learns about fixtures: which ones derive from testcell::Test
// and what their static CellOptions() gives.
//
//   class PortTest : public testcell::Test {
//    protected:
//     static testcell::Options CellOptions() { ... }  // optional
//   };
//   TEST_F(PortTest, BindsPort80) { ... }
//
// The parent process must know this before any fixture is constructed, and a
// static function can't be reached from the base class. So GoogleTest's macros
// are redefined here; each keeps GoogleTest's own expansion and records its
// fixture beside it. A test whose macro was expanded before this header was
// included, or that has none (testing::RegisterTest), is not recorded: call
// testcell::UseCellOptions<Fixture>() for it.
//
// Included by <testcell/gtest.h>. The sources of the plugin define
// TESTCELL_KEEP_GTEST_MACROS to use the declarations alone; so may a program
// whose GoogleTest is not like those known here, and record fixtures by hand.
//
// Threads and forks: fixtures are recorded by static initialisers and before
// RUN_ALL_TESTS(), in one thread; looking up is safe in any thread afterwards.
#ifndef TESTCELL_INTERNAL_FIXTURE_H_
#define TESTCELL_INTERNAL_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>

#include "testcell/options.h"

namespace testcell {

// The base of fixtures whose tests run in cells with --testcell_isolate=marked;
// otherwise the same as testing::Test. For value-parameterised tests derive
// from this and from testing::WithParamInterface<T>.
class Test : public ::testing::Test {};

namespace internal {

// What is known about a fixture class.
struct FixtureRecord {
  bool marked = false;             // derives from testcell::Test
  Options (*options)() = nullptr;  // its CellOptions(), own or inherited
};

// Records a fixture; the first record of a type stays.
void AddFixture(::testing::internal::TypeId type, const FixtureRecord& record);

// The record of a test's fixture, for as long as the process lives; null when
// it is neither marked nor has CellOptions(), or was not recorded.
const FixtureRecord* FindFixture(const ::testing::TestInfo& test);

// A name in two bases is ambiguous whether it can be accessed or not, so that
// a CellOptions() that is private by mistake is an error and never ignored.
struct CellOptionsName {
  static void CellOptions();
};
template <class Fixture>
struct CellOptionsProbe : Fixture, CellOptionsName {};

template <class Probe, class = void>
struct NamesCellOptions : std::true_type {};
template <class Probe>
struct NamesCellOptions<Probe, std::void_t<decltype(&Probe::CellOptions)>> : std::false_type {};

// Derives from the fixture to reach a protected CellOptions(), as GoogleTest's
// SuiteApiResolver does to reach SetUpTestSuite().
template <class Fixture>
struct CellOptionsOf : Fixture {
  using Getter = Options (*)();

  template <class F>
  static auto Find(int)
      -> std::enable_if_t<std::is_convertible_v<decltype((&F::CellOptions)()), Options>, Getter> {
    return [] { return Options(F::CellOptions()); };
  }
  template <class>
  static std::nullptr_t Find(long) {
    return nullptr;
  }
  static constexpr bool kFound = std::is_same_v<decltype(Find<Fixture>(0)), Getter>;
};

// Records Fixture if there is anything to know of it. Gives GoogleTest's id of
// the type, for use in place of GetTypeId<Fixture>().
template <class Fixture>
::testing::internal::TypeId RegisterFixture() {
  constexpr bool kMarked = std::is_base_of_v<Test, Fixture>;
  constexpr bool kNamed = NamesCellOptions<CellOptionsProbe<Fixture>>::value;
  const ::testing::internal::TypeId id = ::testing::internal::GetTypeId<Fixture>();
  FixtureRecord record;
  record.marked = kMarked;
  if constexpr (kNamed) {
    static_assert(CellOptionsOf<Fixture>::kFound,
                  "testcell: CellOptions() of this fixture must be a static member function "
                  "without arguments, public or protected, that returns testcell::Options");
    record.options = CellOptionsOf<Fixture>::template Find<Fixture>(0);
  }
  if constexpr (kMarked || kNamed) AddFixture(id, record);
  return id;
}

// GoogleTest 1.10 has no location in AddTestPattern, and finds the suite by the
// name as spelled, where later ones expand it if it is a macro.
template <class Holder, class Factory, class = void>
struct PatternHasLocation : std::false_type {};
template <class Holder, class Factory>
struct PatternHasLocation<
    Holder, Factory,
    std::void_t<decltype(std::declval<Holder&>().AddTestPattern(
        "", "", std::declval<Factory*>(), std::declval<::testing::internal::CodeLocation>()))>>
    : std::true_type {};

// What TEST_P does when the program starts.
template <class Fixture, class TestClass>
int RegisterParamTest(const char* spelled_suite, const char* suite, const char* name,
                      const ::testing::internal::CodeLocation& location) {
  using Holder = ::testing::internal::ParameterizedTestSuiteInfo<Fixture>;
  using Factory = ::testing::internal::TestMetaFactory<TestClass>;
  constexpr bool kHasLocation = PatternHasLocation<Holder, Factory>::value;
  Holder* const holder = ::testing::UnitTest::GetInstance()
                             ->parameterized_test_registry()
                             .template GetTestSuitePatternHolder<Fixture>(
                                 kHasLocation ? suite : spelled_suite, location);
  if constexpr (kHasLocation) {
    holder->AddTestPattern(suite, name, new Factory, location);
  } else {
    holder->AddTestPattern(suite, name, new Factory);
  }
  RegisterFixture<Fixture>();
  return 0;
}

// The list of types that GoogleTest makes of the argument of TYPED_TEST_SUITE,
// a testing::Types<...> or one type; its own name for it is TypeList in 1.10
// and GenerateTypeList later.
template <class T>
struct ListOf {
  using type = typename ::testing::Types<T>::type;
};
template <class... T>
struct ListOf<::testing::Types<T...>> {
  using type = typename ::testing::Types<T...>::type;
};

// The suite's name generator, which GoogleTest asks for each type as it
// registers the tests: late enough for the fixture to be complete.
template <template <typename> class Fixture, class Types,
          class Names = ::testing::internal::DefaultNameGenerator>
struct TypedSuite {
  using List = typename ListOf<Types>::type;

  template <class T>
  static std::string GetName(int index) {
    RegisterFixture<Fixture<T>>();
    return Names::template GetName<T>(index);
  }
};

}  // namespace internal

// Lets the plugin know Fixture where no macro of this header does: call it
// before RUN_ALL_TESTS(), with the type that the factory given to
// testing::RegisterTest returns. Harmless when the fixture is known already.
template <class Fixture>
void UseCellOptions() {
  static_assert(std::is_base_of_v<::testing::Test, Fixture>,
                "testcell: UseCellOptions<Fixture>() needs a class derived from testing::Test");
  internal::RegisterFixture<Fixture>();
}

}  // namespace testcell

#ifndef TESTCELL_KEEP_GTEST_MACROS
// NOLINTBEGIN(bugprone-macro-parentheses): names and base classes take none

// From 1.12 on a program may keep TEST_F for itself and use GTEST_TEST_F.
#ifdef GTEST_TEST_F
#undef GTEST_TEST_F
#define GTEST_TEST_F(fixture, name) \
  GTEST_TEST_(fixture, name, fixture, ::testcell::internal::RegisterFixture<fixture>())
#endif

#if !(defined(GTEST_DONT_DEFINE_TEST_F) && GTEST_DONT_DEFINE_TEST_F)
#undef TEST_F
#define TEST_F(fixture, name) \
  GTEST_TEST_(fixture, name, fixture, ::testcell::internal::RegisterFixture<fixture>())
#endif

#undef TEST_P
#define TEST_P(fixture, name)                                                                  \
  class GTEST_TEST_CLASS_NAME_(fixture, name) : public fixture {                               \
   public:                                                                                     \
    GTEST_TEST_CLASS_NAME_(fixture, name)() {}                                                 \
    GTEST_TEST_CLASS_NAME_(fixture, name)                                                      \
    (const GTEST_TEST_CLASS_NAME_(fixture, name) &) = delete;                                  \
    void operator=(const GTEST_TEST_CLASS_NAME_(fixture, name) &) = delete;                    \
    void TestBody() override;                                                                  \
                                                                                               \
   private:                                                                                    \
    [[maybe_unused]] static int gtest_registering_dummy_;                                      \
  };                                                                                           \
  int GTEST_TEST_CLASS_NAME_(fixture, name)::gtest_registering_dummy_ =                        \
      ::testcell::internal::RegisterParamTest<fixture, GTEST_TEST_CLASS_NAME_(fixture, name)>( \
          #fixture, GTEST_STRINGIFY_(fixture), GTEST_STRINGIFY_(name),                         \
          ::testing::internal::CodeLocation(__FILE__, __LINE__));                              \
  void GTEST_TEST_CLASS_NAME_(fixture, name)::TestBody()

// (suite, types[, name generator]). TYPED_TEST uses the two names that this
// defines. Without a parameter of its own for the types, because an empty
// variadic argument is an extension before C++20.
#undef TYPED_TEST_SUITE
#define TYPED_TEST_SUITE(suite, ...)                                                         \
  typedef ::testcell::internal::TypedSuite<suite, __VA_ARGS__> GTEST_NAME_GENERATOR_(suite); \
  typedef GTEST_NAME_GENERATOR_(suite)::List GTEST_TYPE_PARAMS_(suite)

// (prefix, suite, types[, name generator])
#undef INSTANTIATE_TYPED_TEST_SUITE_P
#define INSTANTIATE_TYPED_TEST_SUITE_P(prefix, suite, ...)                             \
  static_assert(sizeof(GTEST_STRINGIFY_(prefix)) > 1, "the prefix must not be empty"); \
  [[maybe_unused]] static bool gtest_##prefix##_##suite =                              \
      ::testing::internal::TypeParameterizedTestSuite<                                 \
          suite, GTEST_SUITE_NAMESPACE_(suite)::gtest_AllTests_,                       \
          ::testcell::internal::TypedSuite<suite, __VA_ARGS__>::List>::                \
          Register(GTEST_STRINGIFY_(prefix),                                           \
                   ::testing::internal::CodeLocation(__FILE__, __LINE__),              \
                   &GTEST_TYPED_TEST_SUITE_P_STATE_(suite), GTEST_STRINGIFY_(suite),   \
                   GTEST_REGISTERED_TEST_NAMES_(suite),                                \
                   ::testing::internal::GenerateNames<                                 \
                       ::testcell::internal::TypedSuite<suite, __VA_ARGS__>,           \
                       ::testcell::internal::TypedSuite<suite, __VA_ARGS__>::List>())

// NOLINTEND(bugprone-macro-parentheses)
#endif  // TESTCELL_KEEP_GTEST_MACROS

#endif  // TESTCELL_INTERNAL_FIXTURE_H_
