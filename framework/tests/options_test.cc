#include "testcell/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "cell/plan.h"
#include "cell/step.h"

namespace testcell {
namespace {

TEST(Validate, TakesTheDefaults) { EXPECT_EQ(Validate({}), ""); }

TEST(Validate, SaysWhatIsWrong) {
  Options options;
  options.host_name = "no spaces";
  EXPECT_EQ(Validate(options),
            "Options::host_name: 'no spaces' is no host name: 1 to 64 letters, digits, '-' and "
            "'.'");
  options = {};
  options.tmp_size_bytes = 1;
  EXPECT_EQ(Validate(options),
            "Options::tmp_size_bytes: 1 bytes is too small to hold a cell; give at least 65536, "
            "or 0");
  options = {};
  options.binds.push_back({"relative", "", false});
  EXPECT_EQ(Validate(options), "Options::binds (source): 'relative' is not an absolute path");
  options = {};
  options.limits.push_back({0, 2, 1});
  EXPECT_EQ(Validate(options), "Options::limits: the soft limit 2 is above the hard limit 1");
  options = {};
  options.exclusive.push_back({"device", 0});
  EXPECT_EQ(Validate(options),
            "Options::exclusive: 'device' may be used by 0 at once; give 1 or more");
  options = {};
  options.retries = 0;
  EXPECT_EQ(Validate(options), "");
  options.retries = -1;
  EXPECT_EQ(Validate(options), "Options::retries: -1 is negative");
}

TEST(Validate, OneDirectoryIsOneThing) {
  Options options;
  options.copy_on_write = {"/srv/a", "/srv/b"};
  options.read_only = {"/srv"};
  options.shared = {"/srv/a/cache"};
  EXPECT_EQ(Validate(options), "");
  options.shared.push_back("/srv/b");
  EXPECT_EQ(Validate(options), "Options::shared: '/srv/b' is in copy_on_write, too");
  options.shared = {"cache"};
  EXPECT_EQ(Validate(options), "Options::shared: 'cache' is not an absolute path");
  options = {};
  options.read_only = {"//"};
  EXPECT_EQ(Validate(options),
            "Options::read_only: / can't be had as a whole; name directories below it");
  options = {};
  options.carry = {"golden/*", "../*.log"};
  EXPECT_EQ(Validate(options),
            "Options::carry: the pattern '../*.log' has a '..'; write the path without");
}

cell::HostFacts HostIn(const std::string& cwd) {
  cell::HostFacts host;
  host.uid = 1000;
  host.gid = 1000;
  host.cwd = cwd;
  host.program = "/usr/bin/program";
  host.mount_points = {"/", "/proc", "/dev/shm"};
  return host;
}

struct Planned {
  bool good;
  std::string error;
};

Planned MakePlanIn(const std::string& cwd, WorkingDirectory mode, cell::Plan* plan) {
  cell::Defaults defaults;
  defaults.cwd = mode;
  Planned planned;
  planned.good = cell::MakePlan({}, defaults, HostIn(cwd), plan, &planned.error);
  return planned;
}

TEST(Validate, AnAllowanceNeedsAPatternAndAReason) {
  Options options;
  options.allowed_leaks.push_back({LeakKind::kFile, "/tmp/cache", "kept"});
  EXPECT_EQ(Validate(options), "");
  options.allowed_leaks.push_back({LeakKind::kFile, "/tmp/x", ""});
  EXPECT_EQ(Validate(options), "Options::allowed_leaks: '/tmp/x' is allowed without a reason");
  options.allowed_leaks.back() = {LeakKind::kFile, "", "why"};
  EXPECT_EQ(Validate(options), "Options::allowed_leaks: a leak needs a pattern");
}

TEST(Plan, ACheckoutBelowTmpIsBoundThroughAsAWhole) {
  cell::Plan plan;
  ASSERT_TRUE(MakePlanIn("/tmp/checkout/build", WorkingDirectory::kAuto, &plan).good);
  ASSERT_EQ(plan.throughs.size(), 1u);
  EXPECT_EQ(plan.throughs[0].path, "/tmp/checkout");
  ASSERT_FALSE(plan.overlays.empty());
  EXPECT_EQ(plan.overlays.back().path, "/tmp/checkout/build");
  EXPECT_TRUE(plan.cwd_may_be_shared);
}

TEST(Plan, ARunInTmpItselfSeesWhatIsThere) {
  cell::Plan plan;
  ASSERT_TRUE(MakePlanIn("/tmp", WorkingDirectory::kAuto, &plan).good);
  ASSERT_EQ(plan.overlays.size(), 1u);
  EXPECT_EQ(plan.overlays[0].path, "/tmp");
}

TEST(Plan, TheRootIsNeverPrivate) {
  cell::Plan plan;
  EXPECT_TRUE(MakePlanIn("/", WorkingDirectory::kAuto, &plan).good);
  const Planned refused = MakePlanIn("/", WorkingDirectory::kPrivate, &plan);
  EXPECT_FALSE(refused.good);
  EXPECT_EQ(refused.error,
            "the working directory / can't be made private: an overlay on / would hide mounts; "
            "run from another directory, or pass --testcell_cwd=shared");
}

TEST(Plan, CarriesFromCopyOnWriteDirectoriesOnly) {
  Options options;
  options.carry = {"*.log", "/home/golden/*"};
  cell::Plan plan;
  std::string error;
  ASSERT_TRUE(cell::MakePlan(options, {}, HostIn("/home"), &plan, &error)) << error;
  EXPECT_EQ(plan.carry.size(), 2u);
  EXPECT_EQ(std::count_if(plan.carry_places.begin(), plan.carry_places.end(),
                          [](const auto& place) {
                            return place.path == "/home" && place.named && place.working_directory;
                          }),
            1);
  options.carry = {"/tmp/state"};
  EXPECT_FALSE(cell::MakePlan(options, {}, HostIn("/home"), &plan, &error));
  EXPECT_EQ(error,
            "the pattern '/tmp/state' of files to carry back names /tmp, which is not "
            "copy-on-write: each cell has an empty one of its own");
  options.tmp = Tmp::kCopyOnWrite;
  EXPECT_TRUE(cell::MakePlan(options, {}, HostIn("/home"), &plan, &error)) << error;
}

std::vector<std::string> Privates(const cell::Plan& plan) {
  std::vector<std::string> paths;
  for (const auto& directory : plan.privates) paths.push_back(directory.path);
  return paths;
}

TEST(Plan, WhatStandsForTmpIsPrivateUnlessItHoldsTheRun) {
  cell::HostFacts host = HostIn("/home/user/project");
  host.temporaries = {"/tmp", "/home/user/tmp", "/home/user", "/", "/usr/bin"};
  cell::Plan plan;
  std::string error;
  ASSERT_TRUE(cell::MakePlan({}, {}, host, &plan, &error)) << error;
  std::vector<std::string> paths = Privates(plan);
  EXPECT_EQ(paths.back(), "/home/user/tmp");
  EXPECT_EQ(std::count(paths.begin(), paths.end(), "/tmp"), 1);
  for (const char* kept : {"/home/user", "/", "/usr/bin"}) {
    EXPECT_EQ(std::count(paths.begin(), paths.end(), kept), 0) << kept;
  }

  cell::Defaults shared;
  shared.tmp = Tmp::kShared;
  ASSERT_TRUE(cell::MakePlan({}, shared, host, &plan, &error)) << error;
  paths = Privates(plan);
  EXPECT_EQ(std::count(paths.begin(), paths.end(), "/home/user/tmp"), 0);

  cell::Defaults copy;
  copy.tmp = Tmp::kCopyOnWrite;
  ASSERT_TRUE(cell::MakePlan({}, copy, host, &plan, &error)) << error;
  EXPECT_EQ(plan.overlays.back().path, "/home/user/tmp");
}

TEST(Plan, OutputsAreBoundWhereACellWouldHideThem) {
  cell::HostFacts host = HostIn("/home/user/project");
  host.outputs = {"/tmp/runner/outputs", "/home/user/project/outputs", "/srv/outputs"};
  cell::Plan plan;
  std::string error;
  ASSERT_TRUE(cell::MakePlan({}, {}, host, &plan, &error)) << error;
  ASSERT_EQ(plan.binds.size(), 2u);
  EXPECT_EQ(plan.binds[0].path, "/tmp/runner/outputs");
  EXPECT_EQ(plan.binds[1].path, "/home/user/project/outputs");
}

TEST(Plan, RefusesMorePathsThanItCanHold) {
  Options options;
  for (int i = 0; i < 200; ++i) options.binds.push_back({"/source" + std::to_string(i), "", false});
  cell::Plan plan;
  std::string error;
  EXPECT_FALSE(cell::MakePlan(options, {}, HostIn("/home"), &plan, &error));
  EXPECT_NE(error.find("a cell can bind at most 128 paths"), std::string::npos) << error;
}

TEST(Explain, NamesTheCallTheObjectTheErrorAndARemedy) {
  EXPECT_EQ(cell::Explain(cell::Step::kProc, EPERM, "/proc"),
            "cannot mount the cell's own proc on /proc: EPERM (Operation not permitted); the host "
            "masks part of it, as containers do by default; run the container with an unmasked "
            "/proc and /sys (docker, podman: --security-opt systempaths=unconfined)");
  EXPECT_EQ(cell::Explain(cell::Step::kLoopback, EPERM, ""),
            "cannot bring up the loopback interface: EPERM (Operation not permitted)");
}

}  // namespace
}  // namespace testcell
