#include "proxy.h"

#include "plugin.h"

namespace testcell {
namespace internal {
namespace {

class ProxyTest : public ::testing::Test {
 public:
  explicit ProxyTest(::testing::TestInfo* test) : test_(test) {}

 private:
  void TestBody() override { CurrentPlugin()->PlayTest(test_); }

  ::testing::TestInfo* test_;
};

class ProxyFactory : public ::testing::internal::TestFactoryBase {
 public:
  explicit ProxyFactory(::testing::TestInfo* test) : test_(test) {}
  ::testing::Test* CreateTest() override { return new ProxyTest(test_); }

 private:
  ::testing::TestInfo* test_;
};

::testing::TestSuite* CurrentSuite() {
  return const_cast<::testing::TestSuite*>(
      ::testing::UnitTest::GetInstance()->current_test_suite());
}

class Forwarder : public ::testing::EmptyTestEventListener {
 public:
  explicit Forwarder(::testing::TestEventListener* to) : to_(to) {}

  void OnTestSuiteStart(const ::testing::TestSuite& suite) override {
    to_->OnTestSuiteStart(suite);
  }
  void OnTestStart(const ::testing::TestInfo& test) override { to_->OnTestStart(test); }
  void OnTestPartResult(const ::testing::TestPartResult& part) override {
    to_->OnTestPartResult(part);
  }
  void OnTestEnd(const ::testing::TestInfo& test) override { to_->OnTestEnd(test); }
  void OnTestSuiteEnd(const ::testing::TestSuite& suite) override { to_->OnTestSuiteEnd(suite); }
#ifndef GTEST_REMOVE_LEGACY_TEST_CASEAPI_
  void OnTestCaseStart(const ::testing::TestCase& suite) override { to_->OnTestCaseStart(suite); }
  void OnTestCaseEnd(const ::testing::TestCase& suite) override { to_->OnTestCaseEnd(suite); }
#endif

 private:
  ::testing::TestEventListener* to_;
};

}  // namespace

::testing::internal::TestFactoryBase* NewProxyFactory(::testing::TestInfo* test) {
  return new ProxyFactory(test);
}

void SetUpProxy() { CurrentPlugin()->SetUpSuite(CurrentSuite()); }
void TearDownProxy() { CurrentPlugin()->TearDownSuite(CurrentSuite()); }

::testing::TestEventListener* NewForwarder(::testing::internal::TestEventRepeater* listeners) {
  // The class is GoogleTest's own secret, but for being a listener.
  return new Forwarder(reinterpret_cast<::testing::TestEventListener*>(listeners));
}

}  // namespace internal
}  // namespace testcell
