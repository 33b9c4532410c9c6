#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "report/address.h"
#include "report_builder.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// "tcp 0.0.0.0:80: A.a B.b", "real" in front where it did collide, "shared"
// where it could in cells.
std::vector<std::string> Conflicts(const std::vector<Test>& tests) {
  std::vector<std::string> result;
  for (const Conflict& conflict : FindConflicts(tests)) {
    std::string text = conflict.real ? "real " : conflict.shared ? "shared " : "";
    text += std::string(Name(conflict.kind)) + " " + conflict.name + ":";
    for (const std::string& test : conflict.tests) text += " " + test;
    result.push_back(text);
  }
  return result;
}

// Whether two tests collide that bind these addresses.
bool Collide(UseKind kind, const std::string& one, UseKind other_kind, const std::string& other) {
  const auto conflicts =
      FindConflicts({MakeTest("A.a") | Uses(kind, one), MakeTest("B.b") | Uses(other_kind, other)});
  return !conflicts.empty();
}
bool Collide(const std::string& one, const std::string& other) {
  const bool tcp = Collide(UseKind::kTcp, one, UseKind::kTcp, other);
  EXPECT_EQ(Collide(UseKind::kTcp, other, UseKind::kTcp, one), tcp) << one << " " << other;
  EXPECT_EQ(Collide(UseKind::kUdp, one, UseKind::kUdp, other), tcp) << one << " " << other;
  return tcp;
}

TEST(Addresses, SameAndDifferent) {
  EXPECT_TRUE(Collide("127.0.0.1:80", "127.0.0.1:80"));
  EXPECT_FALSE(Collide("127.0.0.1:80", "127.0.0.1:81"));
  EXPECT_FALSE(Collide("127.0.0.2:80", "127.0.0.3:80"));
  EXPECT_TRUE(Collide("[::1]:80", "[::1]:80"));
  EXPECT_TRUE(Collide("[::1]:80", "[0:0:0:0:0:0:0:1]:80"));
  EXPECT_FALSE(Collide("[::1]:80", "[fe80::1]:80"));
  EXPECT_FALSE(Collide("[fe80::1%2]:80", "[fe80::1%3]:80"));
  EXPECT_FALSE(Collide("127.0.0.1:80", "[::1]:80"));
}

TEST(Addresses, Wildcards) {
  EXPECT_TRUE(Collide("0.0.0.0:80", "0.0.0.0:80"));
  EXPECT_TRUE(Collide("0.0.0.0:80", "127.0.0.1:80"));
  EXPECT_FALSE(Collide("0.0.0.0:80", "127.0.0.1:8080"));
  EXPECT_FALSE(Collide("0.0.0.0:80", "[::1]:80"));
  EXPECT_TRUE(Collide("[::]:80", "[::1]:80"));
  EXPECT_TRUE(Collide("[::]:80", "[::]:80"));
}

TEST(Addresses, DualStack) {
  EXPECT_TRUE(Collide("[::]:80", "0.0.0.0:80"));
  EXPECT_TRUE(Collide("[::]:80", "127.0.0.1:80"));
  EXPECT_TRUE(Collide("*:80", "127.0.0.1:80"));
  EXPECT_TRUE(Collide("[::ffff:127.0.0.1]:80", "127.0.0.1:80"));
  EXPECT_TRUE(Collide("[::ffff:0.0.0.0]:80", "127.0.0.1:80"));
  EXPECT_FALSE(Collide("[::ffff:127.0.0.1]:80", "[::1]:80"));
}

TEST(Addresses, TcpAndUdpAreApart) {
  EXPECT_FALSE(Collide(UseKind::kTcp, "0.0.0.0:53", UseKind::kUdp, "0.0.0.0:53"));
  EXPECT_TRUE(Collide(UseKind::kUdp, "0.0.0.0:53", UseKind::kUdp, "0.0.0.0:53"));
}

TEST(Addresses, NamesThatAreNone) {
  for (const char* name : {"", ":80", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0",
                           "127.0.0.1:65536", "127.0.0.1:80x", "[::1:80", "host:80", "[]:80"}) {
    EXPECT_FALSE(ParseAddress(name)) << name;
  }
  EXPECT_TRUE(Collide("host:80", "host:80")) << "as they stand";
  EXPECT_FALSE(Collide("host:80", "127.0.0.1:80"));
}

TEST(Conflicts, OneForAllThatCollideWithEachOther) {
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Uses(UseKind::kTcp, "0.0.0.0:80"),
                         MakeTest("A.b") | Uses(UseKind::kTcp, "127.0.0.1:80"),
                         MakeTest("A.c") | Uses(UseKind::kTcp, "[::]:80"), MakeTest("A.none")}),
              ElementsAre("tcp 0.0.0.0:80, 127.0.0.1:80, [::]:80: A.a A.b A.c"));
}

TEST(Conflicts, TwoAddressesMeetAWildcardAndNotEachOther) {
  EXPECT_THAT(Conflicts({MakeTest("A.any") | Uses(UseKind::kTcp, "0.0.0.0:80"),
                         MakeTest("A.two") | Uses(UseKind::kTcp, "127.0.0.2:80"),
                         MakeTest("A.three") | Uses(UseKind::kTcp, "127.0.0.3:80")}),
              ElementsAre("tcp 0.0.0.0:80, 127.0.0.2:80: A.any A.two",
                          "tcp 0.0.0.0:80, 127.0.0.3:80: A.any A.three"));
}

TEST(Conflicts, ATestDoesNotCollideWithItself) {
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Uses(UseKind::kTcp, "0.0.0.0:80") |
                         Uses(UseKind::kTcp, "[::]:80") | Uses(UseKind::kTcp, "0.0.0.0:80")}),
              IsEmpty());
}

TEST(Conflicts, OfEveryKind) {
  const std::vector<std::pair<UseKind, std::string>> uses = {
      {UseKind::kTcp, "127.0.0.1:80"},  {UseKind::kUdp, "127.0.0.1:80"},
      {UseKind::kUnixAbstract, "@bus"}, {UseKind::kPath, "/tmp/state"},
      {UseKind::kSysvKey, "shm 0x53"},  {UseKind::kPosixMq, "/queue"},
      {UseKind::kPosixShm, "/segment"}, {UseKind::kHostName, "alpha"}};
  report::Test one = MakeTest("A.a");
  report::Test other = MakeTest("B.b");
  for (const auto& [kind, name] : uses) {
    one = one | Uses(kind, name);
    other = other | Uses(kind, name);
  }
  EXPECT_THAT(Conflicts({one, other}),
              ElementsAre("tcp 127.0.0.1:80: A.a B.b", "udp 127.0.0.1:80: A.a B.b",
                          "unix_abstract @bus: A.a B.b", "path /tmp/state: A.a B.b",
                          "sysv_key shm 0x53: A.a B.b", "posix_mq /queue: A.a B.b",
                          "posix_shm /segment: A.a B.b", "hostname alpha: A.a B.b"));
}

TEST(Conflicts, KeysHaveATypeEach) {
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Uses(UseKind::kSysvKey, "shm 0x53"),
                         MakeTest("A.b") | Uses(UseKind::kSysvKey, "msg 0x53")}),
              IsEmpty());
}

TEST(Conflicts, AHostHasOneName) {
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Uses(UseKind::kHostName, "alpha"),
                         MakeTest("A.b") | Uses(UseKind::kHostName, "beta")}),
              ElementsAre("hostname alpha, beta: A.a A.b"));
}

TEST(Conflicts, PathsBySpelling) {
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Uses(UseKind::kPath, "/tmp/directory/"),
                         MakeTest("A.b") | Uses(UseKind::kPath, "/tmp/./x/..//directory"),
                         MakeTest("A.c") | Uses(UseKind::kPath, "/tmp/directory2")}),
              ElementsAre("path /tmp/directory: A.a A.b"));
}

TEST(Conflicts, ReadersCollideWithWritersAlone) {
  const auto reads = [](const char* name) {
    return MakeTest(name) | Uses(UseKind::kPath, "/data", UsedBy::kTest, true);
  };
  EXPECT_THAT(Conflicts({reads("A.a"), reads("A.b")}), IsEmpty());
  EXPECT_THAT(
      Conflicts({reads("A.a"), reads("A.b"), MakeTest("A.writes") | Uses(UseKind::kPath, "/data")}),
      ElementsAre("path /data: A.a A.b A.writes"));
  EXPECT_THAT(Conflicts({reads("A.a") | Uses(UseKind::kPath, "/data"), MakeTest("A.b")}),
              IsEmpty());
}

TEST(Conflicts, ASharedSetUpIsNoReasonForThoseThatShareIt) {
  const auto shares = [](const char* name, UsedBy by) {
    return MakeTest(name) | Uses(UseKind::kTcp, "0.0.0.0:80", by);
  };
  EXPECT_THAT(Conflicts({shares("A.a", UsedBy::kSuiteSetUp), shares("A.b", UsedBy::kSuiteSetUp)}),
              IsEmpty());
  EXPECT_THAT(Conflicts({shares("A.a", UsedBy::kSuiteSetUp), shares("A.b", UsedBy::kTest)}),
              IsEmpty());
  EXPECT_THAT(Conflicts({shares("A.a", UsedBy::kEnvironment), shares("B.b", UsedBy::kTest)}),
              IsEmpty());
  EXPECT_THAT(Conflicts({shares("A.a", UsedBy::kSuiteSetUp), shares("A.b", UsedBy::kSuiteSetUp),
                         shares("B.b", UsedBy::kSuiteSetUp)}),
              ElementsAre("tcp 0.0.0.0:80: A.a A.b B.b"));
  EXPECT_THAT(Conflicts({shares("A.a", UsedBy::kSuiteSetUp), shares("A.b", UsedBy::kTest),
                         shares("A.c", UsedBy::kTest)}),
              ElementsAre("tcp 0.0.0.0:80: A.b A.c"));
  EXPECT_THAT(Conflicts({shares("A.a", UsedBy::kSuiteSetUp), shares("B.b", UsedBy::kTest)}),
              ElementsAre("tcp 0.0.0.0:80: A.a B.b"));
}

TEST(Conflicts, EscapesCollideForRealIfBothTestsRan) {
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Escape("/srv/f") | Ran{0, 10},
                         MakeTest("A.b") | Escape("/srv/f") | Ran{9, 10}}),
              ElementsAre("real path /srv/f: A.a A.b"));
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Escape("/srv/f") | Ran{0, 10},
                         MakeTest("A.b") | Escape("/srv/f") | Ran{10, 10}}),
              ElementsAre("shared path /srv/f: A.a A.b"));
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Escape("/srv/f") | Ran{0, 30},
                         MakeTest("A.b") | Escape("/srv/g") | Ran{1, 1},
                         MakeTest("A.c") | Escape("/srv/f") | Ran{20, 1}}),
              ElementsAre("real path /srv/f: A.a A.c"));
}

TEST(Conflicts, UsesOfWhatCellsShareCollideForReal) {
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Shares{"/srv/f"} | Ran{0, 10},
                         MakeTest("A.b") | Shares{"/srv/f"} | Ran{9, 10}}),
              ElementsAre("real path /srv/f: A.a A.b"));
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Shares{"/srv/f"} | Ran{0, 10},
                         MakeTest("A.b") | Escape("/srv/f") | Ran{10, 10}}),
              ElementsAre("shared path /srv/f: A.a A.b"));
  // Each cell runs the set-up anew.
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Shares{"/srv/f", UsedBy::kSuiteSetUp} | Ran{0, 10},
                         MakeTest("A.b") | Shares{"/srv/f", UsedBy::kSuiteSetUp} | Ran{9, 10}}),
              ElementsAre("real path /srv/f: A.a A.b"));
}

TEST(Conflicts, OnTheHostAloneAreNotShared) {
  EXPECT_THAT(Conflicts({MakeTest("A.a") | Shares{"/srv/f"} | Ran{0, 10},
                         MakeTest("A.b") | Uses(UseKind::kPath, "/srv/f") | Ran{1, 10}}),
              ElementsAre("path /srv/f: A.a A.b"));
}

TEST(Conflicts, RealOnesComeFirst) {
  EXPECT_THAT(
      Conflicts({MakeTest("A.a") | Escape("/z") | Uses(UseKind::kTcp, "[::]:1") | Ran{0, 9},
                 MakeTest("A.b") | Escape("/z") | Uses(UseKind::kTcp, "[::]:1") | Ran{1, 9}}),
      ElementsAre("real path /z: A.a A.b", "tcp [::]:1: A.a A.b"));
}

TEST(Conflicts, OfManyTestsInOneCount) {
  constexpr int kTests = 20'000;
  std::vector<report::Test> tests;
  for (int i = 0; i < kTests; ++i) {
    tests.push_back(MakeTest("A." + std::to_string(i)) | Uses(UseKind::kPath, "/tmp/state"));
  }
  const std::vector<Conflict> conflicts = FindConflicts(tests);
  ASSERT_THAT(conflicts, SizeIs(1));
  EXPECT_THAT(conflicts[0].tests, SizeIs(kTests));
}

}  // namespace
}  // namespace testcell::report
