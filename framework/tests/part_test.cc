#include "cell/part.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cerrno>
#include <string>

#include "cell/plan.h"

namespace testcell::cell {
namespace {

Parts Needed(void (*change)(Options*)) {
  Options options;
  change(&options);
  return NeededBy(options, false);
}

TEST(Part, OptionsNeedWhatTheyName) {
  EXPECT_EQ(NeededBy({}, false), 0u);
  EXPECT_EQ(Needed([](Options* o) { o->net = Network::kPrivate; }), Set(Part::kNetwork));
  EXPECT_EQ(Needed([](Options* o) { o->net = Network::kHost; }), 0u);
  EXPECT_EQ(Needed([](Options* o) { o->tmp = Tmp::kEmpty; }), Set(Part::kMounts));
  EXPECT_EQ(Needed([](Options* o) { o->tmp = Tmp::kShared; }), 0u);
  EXPECT_EQ(Needed([](Options* o) { o->copy_on_write = {"/srv"}; }), Set(Part::kCopyOnWrite));
  EXPECT_EQ(Needed([](Options* o) { o->read_only = {"/srv"}; }), Set(Part::kReadOnly));
  EXPECT_EQ(Needed([](Options* o) {
              o->binds = {{"/srv", "", true}};
            }),
            Set(Part::kMounts) | Set(Part::kReadOnly));
  EXPECT_EQ(Needed([](Options* o) { o->shared = {"/srv"}; }), 0u);
  EXPECT_EQ(Needed([](Options* o) { o->cwd = WorkingDirectory::kPrivate; }),
            Set(Part::kWorkingDirectory));
  EXPECT_EQ(Needed([](Options* o) { o->cwd = WorkingDirectory::kAuto; }), 0u);
  EXPECT_EQ(Needed([](Options* o) { o->host_name = "db1"; }), Set(Part::kHostName));
  EXPECT_EQ(Needed([](Options* o) { o->cgroup_namespace = true; }), Set(Part::kCgroups));
  EXPECT_EQ(Needed([](Options* o) {
              o->needs = {Part::kIpc, Part::kProc};
            }),
            Set(Part::kIpc) | Set(Part::kProc));
}

TEST(Part, RootInsideNeedsAUserNamespaceUnlessItIsRoot) {
  Options options;
  options.user = User::kRoot;
  EXPECT_EQ(NeededBy(options, false), Set(Part::kUsers));
  EXPECT_EQ(NeededBy(options, true), 0u);
}

TEST(Part, StepsThatAreNoMatterOfTheHostShowNone) {
  EXPECT_EQ(PartOf(Step::kNetworkNamespace), Part::kNetwork);
  EXPECT_EQ(PartOf(Step::kProc), Part::kProc);
  for (const Step step : {Step::kOpenPath, Step::kBind, Step::kShared, Step::kLimits, Step::kClone,
                          Step::kForkTest, Step::kChangeDirectory}) {
    EXPECT_FALSE(PartOf(step)) << Describe(step);
  }
}

Plan PlanWithout(Parts lacks, const Options& options = {}) {
  HostFacts host;
  host.uid = 1000;
  host.cwd = "/home";
  Defaults defaults;
  defaults.lacks = lacks;
  Plan plan;
  std::string error;
  EXPECT_TRUE(MakePlan(options, defaults, host, &plan, &error)) << error;
  return plan;
}

TEST(PlanWithoutParts, HasTheRest) {
  EXPECT_EQ(PlanWithout(0).rung, Rung::kFull);
  const Plan network = PlanWithout(WithDependents(Part::kNetwork));
  EXPECT_EQ(network.rung, Rung::kPartial);
  EXPECT_EQ(network.namespaces,
            static_cast<std::uint64_t>(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC));
  EXPECT_FALSE(network.own_net || network.low_ports || network.own_sysfs);
  const Plan mounts = PlanWithout(WithDependents(Part::kMounts));
  EXPECT_EQ(mounts.namespaces,
            static_cast<std::uint64_t>(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC));
  EXPECT_TRUE(mounts.order.empty() && mounts.hosts.empty() && !mounts.mqueue);
  EXPECT_EQ(mounts.host_name, "cell");
}

TEST(PlanWithoutParts, WithoutProcessesIsAFork) {
  const Plan plan = PlanWithout(WithDependents(Part::kProcesses));
  EXPECT_EQ(plan.rung, Rung::kFork);
  EXPECT_EQ(plan.namespaces, 0u);
  EXPECT_EQ(plan.user, UserMode::kNone);
  EXPECT_EQ(plan.host_name, "");
  EXPECT_EQ(plan.cwd, "/home");
}

TEST(PlanWithoutParts, IsFullIfNothingOfThemIsWanted) {
  EXPECT_EQ(PlanWithout(Set(Part::kReadOnly) | Set(Part::kCgroups)).rung, Rung::kFull);
  Options options;
  options.net = Network::kHost;
  EXPECT_EQ(PlanWithout(WithDependents(Part::kNetwork), options).rung, Rung::kFull);
}

}  // namespace
}  // namespace testcell::cell
