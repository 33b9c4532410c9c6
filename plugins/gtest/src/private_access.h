// The private members of GoogleTest that the plugin reads, calls or replaces:
// nothing else in the plugin depends on GoogleTest's layout. Names and types
// are the same from 1.10.0 to 1.18.0, but for SuppressEventForwarding; a
// GoogleTest in which one differs is refused when this is compiled.
//
// Access rules don't apply to the arguments of an explicit instantiation
// ([temp.spec]), so that one can hand a private member to a friend function.
// All is in an unnamed namespace, because an explicit instantiation may be
// written once in a program only: each source that includes this has its own.
//
// Threads and forks: nothing here locks; for the thread that runs the tests.
// The objects changed belong to the process, and a fork copies them.
#ifndef TESTCELL_GTEST_SRC_PRIVATE_ACCESS_H_
#define TESTCELL_GTEST_SRC_PRIVATE_ACCESS_H_

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <type_traits>
#include <utility>
#include <vector>

// Exported, but declared in none of GoogleTest's public headers.
namespace testing::internal {
extern bool g_help_flag;
bool ShouldUseColor(bool stdout_is_tty);
}  // namespace testing::internal

namespace testcell::internal {
namespace {

using ::testing::ScopedFakeTestPartResultReporter;
using ::testing::TestEventListeners;
using ::testing::TestInfo;
using ::testing::TestResult;
using ::testing::TestSuite;
using ::testing::UnitTest;

// 1.10 keeps the name of this type in testing::internal.
using Milliseconds = decltype(std::declval<const TestResult&>().elapsed_time());

// NOLINTBEGIN(bugprone-macro-parentheses): a name being declared takes none
#define TESTCELL_UNKNOWN_LAYOUT_(Class, member, problem)                                       \
  "testcell: this GoogleTest has an unknown layout: testing::" #Class "::" #member " " problem \
  "; known are 1.10.0 to 1.18.0"

// That the class has the member, private or not: then the name is in both
// bases of the probe, which makes it ambiguous.
#define TESTCELL_CHECK_MEMBER_(Class, member)                                                     \
  struct Name_##Class##_##member {                                                                \
    int member;                                                                                   \
  };                                                                                              \
  struct Probe_##Class##_##member : Class, Name_##Class##_##member {                              \
    ~Probe_##Class##_##member(); /* never defined: nor is an object ever made */                  \
  };                                                                                              \
  template <class Probe, class = void>                                                            \
  struct Has_##Class##_##member : std::true_type {};                                              \
  template <class Probe>                                                                          \
  struct Has_##Class##_##member<Probe, std::void_t<decltype(&Probe::member)>> : std::false_type { \
  };                                                                                              \
  static_assert(Has_##Class##_##member<Probe_##Class##_##member>::value,                          \
                TESTCELL_UNKNOWN_LAYOUT_(Class, member, "is missing"))

// Makes Private(Class_member{}), a pointer to Class::member of the given type.
#define TESTCELL_PRIVATE_MEMBER_(Class, member, ...)                            \
  TESTCELL_CHECK_MEMBER_(Class, member);                                        \
  struct Class##_##member {                                                     \
    using Type = __VA_ARGS__;                                                   \
    friend Type Private(Class##_##member);                                      \
  };                                                                            \
  template <auto kMember>                                                       \
  struct Reveal_##Class##_##member {                                            \
    static_assert(std::is_same_v<decltype(kMember), Class##_##member::Type>,    \
                  TESTCELL_UNKNOWN_LAYOUT_(Class, member, "has another type")); \
    friend Class##_##member::Type Private(Class##_##member) { return kMember; } \
  };                                                                            \
  template struct Reveal_##Class##_##member<&Class::member>
// NOLINTEND(bugprone-macro-parentheses)

TESTCELL_PRIVATE_MEMBER_(TestInfo, fixture_class_id_,
                         const ::testing::internal::TypeId TestInfo::*);
TESTCELL_PRIVATE_MEMBER_(TestInfo, factory_,
                         ::testing::internal::TestFactoryBase* const TestInfo::*);
TESTCELL_PRIVATE_MEMBER_(TestInfo, should_run_, bool TestInfo::*);
TESTCELL_PRIVATE_MEMBER_(TestInfo, is_disabled_, bool TestInfo::*);
TESTCELL_PRIVATE_MEMBER_(TestInfo, is_in_another_shard_, bool TestInfo::*);
TESTCELL_PRIVATE_MEMBER_(TestSuite, should_run_, bool TestSuite::*);
TESTCELL_PRIVATE_MEMBER_(TestSuite, Run, void (TestSuite::*)());
TESTCELL_PRIVATE_MEMBER_(TestSuite, elapsed_time_, Milliseconds TestSuite::*);
TESTCELL_PRIVATE_MEMBER_(TestSuite, set_up_tc_,
                         ::testing::internal::SetUpTestSuiteFunc TestSuite::*);
TESTCELL_PRIVATE_MEMBER_(TestSuite, tear_down_tc_,
                         ::testing::internal::TearDownTestSuiteFunc TestSuite::*);
TESTCELL_PRIVATE_MEMBER_(TestSuite, test_info_list_, std::vector<TestInfo*> TestSuite::*);
TESTCELL_PRIVATE_MEMBER_(TestSuite, test_indices_, std::vector<int> TestSuite::*);
TESTCELL_PRIVATE_MEMBER_(TestResult, set_elapsed_time, void (TestResult::*)(Milliseconds));
TESTCELL_PRIVATE_MEMBER_(TestResult, set_start_timestamp, void (TestResult::*)(Milliseconds));
TESTCELL_PRIVATE_MEMBER_(TestResult, test_part_results_,
                         std::vector<::testing::TestPartResult> TestResult::*);
TESTCELL_PRIVATE_MEMBER_(TestResult, test_properties_,
                         std::vector<::testing::TestProperty> TestResult::*);
TESTCELL_PRIVATE_MEMBER_(TestEventListeners, repeater_,
                         ::testing::internal::TestEventRepeater* TestEventListeners::*);
TESTCELL_PRIVATE_MEMBER_(UnitTest, GetMutableTestSuite, TestSuite* (UnitTest::*)(int));
TESTCELL_PRIVATE_MEMBER_(
    ScopedFakeTestPartResultReporter, old_reporter_,
    ::testing::TestPartResultReporterInterface* ScopedFakeTestPartResultReporter::*);

// Before 1.14: private, without argument, and can't be taken back.
TESTCELL_CHECK_MEMBER_(TestEventListeners, SuppressEventForwarding);
bool SetEventForwarding(TestEventListeners& listeners, bool enabled);
template <auto kSuppress>
struct RevealSuppressEventForwarding {
  static constexpr bool kOld = std::is_same_v<decltype(kSuppress), void (TestEventListeners::*)()>;
  static_assert(kOld || std::is_same_v<decltype(kSuppress), void (TestEventListeners::*)(bool)>,
                TESTCELL_UNKNOWN_LAYOUT_(TestEventListeners, SuppressEventForwarding,
                                         "has another type"));

  friend bool SetEventForwarding(TestEventListeners& listeners, bool enabled) {
    if constexpr (kOld) {
      if (!enabled) (listeners.*kSuppress)();
      return !enabled;
    } else {
      (listeners.*kSuppress)(!enabled);
      return true;
    }
  }
};
template struct RevealSuppressEventForwarding<&TestEventListeners::SuppressEventForwarding>;

#undef TESTCELL_PRIVATE_MEMBER_
#undef TESTCELL_CHECK_MEMBER_
#undef TESTCELL_UNKNOWN_LAYOUT_

// The id of the class that the test's fixture was registered with.
inline ::testing::internal::TypeId FixtureType(const TestInfo& test) {
  return test.*Private(TestInfo_fixture_class_id_{});
}

// The factory belongs to the TestInfo, which deletes it at the end of the
// program: who sets another one puts the first back, or deletes it.
inline ::testing::internal::TestFactoryBase* GetFactory(const TestInfo& test) {
  return test.*Private(TestInfo_factory_{});
}
// The member is const, so that this is undefined by the letter. It holds in
// practice: each TestInfo is made by new in GoogleTest's library, which reads
// the member once a run, in TestInfo::Run().
inline void SetFactory(TestInfo& test, ::testing::internal::TestFactoryBase* factory) {
  const_cast<::testing::internal::TestFactoryBase*&>(test.*Private(TestInfo_factory_{})) = factory;
}

// should_run() of both is public.
inline void SetShouldRun(TestInfo& test, bool should_run) {
  test.*Private(TestInfo_should_run_{}) = should_run;
}
inline void SetShouldRun(TestSuite& suite, bool should_run) {
  suite.*Private(TestSuite_should_run_{}) = should_run;
}

inline bool IsDisabled(const TestInfo& test) { return test.*Private(TestInfo_is_disabled_{}); }
// What is in another shard is in no report.
inline void SetInAnotherShard(TestInfo& test, bool elsewhere) {
  test.*Private(TestInfo_is_in_another_shard_{}) = elsewhere;
}

inline void SetElapsedTime(TestSuite& suite, Milliseconds elapsed) {
  suite.*Private(TestSuite_elapsed_time_{}) = elapsed;
}

// SetUpTestSuite() and TearDownTestSuite() of the fixture, or null.
inline ::testing::internal::SetUpTestSuiteFunc& SetUpFunction(TestSuite& suite) {
  return suite.*Private(TestSuite_set_up_tc_{});
}
inline ::testing::internal::TearDownTestSuiteFunc& TearDownFunction(TestSuite& suite) {
  return suite.*Private(TestSuite_tear_down_tc_{});
}

// The tests; the order to run them in, as indices into that list.
inline std::vector<TestInfo*>& TestList(TestSuite& suite) {
  return suite.*Private(TestSuite_test_info_list_{});
}
inline std::vector<int>& TestIndices(TestSuite& suite) {
  return suite.*Private(TestSuite_test_indices_{});
}

// The suites in the order to run them in, which the public GetTestSuite()
// does not follow before 1.18. Null when out of range.
inline TestSuite* SuiteToRun(UnitTest& unit_test, int index) {
  return (unit_test.*Private(UnitTest_GetMutableTestSuite{}))(index);
}

// GoogleTest gives results as const, but none of them is a const object.
inline TestResult& Mutable(const TestResult& result) { return const_cast<TestResult&>(result); }
inline void SetElapsedTime(TestResult& result, Milliseconds elapsed) {
  (result.*Private(TestResult_set_elapsed_time{}))(elapsed);
}
inline void SetStartTimestamp(TestResult& result, Milliseconds since_epoch) {
  (result.*Private(TestResult_set_start_timestamp{}))(since_epoch);
}
// Without the mutex that GoogleTest guards them with.
inline std::vector<::testing::TestPartResult>& Parts(TestResult& result) {
  return result.*Private(TestResult_test_part_results_{});
}
inline std::vector<::testing::TestProperty>& Properties(TestResult& result) {
  return result.*Private(TestResult_test_properties_{});
}

// What calls the listeners. To be swapped with that of another
// TestEventListeners only, which then owns it.
inline ::testing::internal::TestEventRepeater*& Repeater(TestEventListeners& listeners) {
  return listeners.*Private(TestEventListeners_repeater_{});
}

// Whether GoogleTest has printed its flags, asked for or because one is bad.
inline bool GaveHelp() { return ::testing::internal::g_help_flag; }

// The reporter that takes the failures of all threads into the current result
// and to the listeners, without what an assertion adds to them.
inline ::testing::TestPartResultReporterInterface* RawReporter() {
  ::testing::TestPartResultArray unused;
  const ScopedFakeTestPartResultReporter fake(
      ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &unused);
  return fake.*Private(ScopedFakeTestPartResultReporter_old_reporter_{});
}

}  // namespace
}  // namespace testcell::internal

#endif  // TESTCELL_GTEST_SRC_PRIVATE_ACCESS_H_
