#include "environment.h"

#include <vector>

namespace testcell {
namespace internal {
namespace {

EnvironmentHook* g_hook = nullptr;
int g_process = 1;  // which of the processes on the way from the parent this is

// Stands in GoogleTest's list for the one that the user registered.
class EnvironmentProxy : public ::testing::Environment {
 public:
  explicit EnvironmentProxy(::testing::Environment* real) : real_(real) {}
  ~EnvironmentProxy() override { delete real_; }

  void SetUp() override;
  void TearDown() override;

  void SetUpReal() {
    if (set_up_by_ != 0) return;
    set_up_by_ = g_process;
    real_->SetUp();
  }
  void TearDownReal() {
    if (set_up_by_ != g_process) return;
    set_up_by_ = 0;
    real_->TearDown();
  }

 private:
  ::testing::Environment* real_;
  int set_up_by_ = 0;  // 0: nobody
};

std::vector<EnvironmentProxy*>& Proxies() {
  static auto* proxies = new std::vector<EnvironmentProxy*>;
  return *proxies;
}

void EnvironmentProxy::SetUp() {
  if (g_hook == nullptr) {
    real_->SetUp();
    return;
  }
  if (this == Proxies().front()) g_hook->BeforeSetUp();
  if (g_hook->ActsInThisProcess()) SetUpReal();
  if (this == Proxies().back()) g_hook->AfterSetUp();
}

void EnvironmentProxy::TearDown() {
  if (g_hook == nullptr) {
    real_->TearDown();
    return;
  }
  if (g_hook->ActsInThisProcess()) TearDownReal();
  if (this == Proxies().front()) g_hook->AfterTearDown();
}

}  // namespace

void SetEnvironmentHook(EnvironmentHook* hook) { g_hook = hook; }

void EnterOtherProcess() { ++g_process; }

int EnvironmentCount() { return static_cast<int>(Proxies().size()); }

void SetUpEnvironments() {
  for (EnvironmentProxy* proxy : Proxies()) proxy->SetUpReal();
}

void TearDownEnvironments() {
  for (auto proxy = Proxies().rbegin(); proxy != Proxies().rend(); ++proxy) {
    (*proxy)->TearDownReal();
  }
}

}  // namespace internal
}  // namespace testcell

// UnitTest::AddEnvironment, which the linker sends here (--wrap): GoogleTest
// has no public way to see its Environments.
extern "C" {
::testing::Environment* __real__ZN7testing8UnitTest14AddEnvironmentEPNS_11EnvironmentE(
    ::testing::UnitTest* unit_test, ::testing::Environment* environment);

::testing::Environment* __wrap__ZN7testing8UnitTest14AddEnvironmentEPNS_11EnvironmentE(
    ::testing::UnitTest* unit_test, ::testing::Environment* environment) {
  if (environment == nullptr) return nullptr;
  auto* proxy = new testcell::internal::EnvironmentProxy(environment);
  testcell::internal::Proxies().push_back(proxy);
  __real__ZN7testing8UnitTest14AddEnvironmentEPNS_11EnvironmentE(unit_test, proxy);
  return environment;
}
}
