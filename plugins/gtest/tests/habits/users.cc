// Tests that change who they are, their root, their namespaces and their
// capabilities.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "tools.h"

namespace habits {
namespace {

constexpr uid_t kNobody = 65534;

class AsRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "for root";
  }
};

TEST_F(AsRoot, BecomesNobody) {
  EXPECT_EQ(InChild([] {
              if (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)
                return 1;
              if (::open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0) return 2;
              return errno == EACCES ? 0 : 3;
            }),
            0);
}

TEST_F(AsRoot, BecomesNobodyForGood) {
  ASSERT_EQ(::setgid(kNobody), 0) << Error();
  ASSERT_EQ(::setuid(kNobody), 0) << Error();
  EXPECT_EQ(::setuid(0), -1);
  EXPECT_EQ(::geteuid(), kNobody);
  EXPECT_LT(::open("/etc/shadow", O_RDONLY | O_CLOEXEC), 0);
}

TEST_F(AsRoot, IsNobodyForAWhile) {
  ASSERT_EQ(::seteuid(kNobody), 0) << Error();
  EXPECT_LT(::open("/etc/shadow", O_RDONLY | O_CLOEXEC), 0);
  ASSERT_EQ(::seteuid(0), 0) << Error();
  const int fd = ::open("/etc/shadow", O_RDONLY | O_CLOEXEC);
  EXPECT_GE(fd, 0) << Error();
  ::close(fd);
}

TEST_F(AsRoot, ChangesItsRoot) {
  ASSERT_EQ(::mkdir("habits-root", 0755), 0) << Error();
  ASSERT_TRUE(Write("habits-root/inside", "x"));
  EXPECT_EQ(InChild([] {
              if (::chroot("habits-root") != 0 || ::chdir("/") != 0) return 1;
              return ::access("/inside", R_OK) == 0 && ::access("/etc/passwd", R_OK) != 0 ? 0 : 2;
            }),
            0);
  EXPECT_EQ(std::system("rm -r habits-root"), 0);
}

// And goes on to report from there.
TEST_F(AsRoot, ChangesItsRootForGood) {
  ASSERT_EQ(::chroot("/usr"), 0) << Error();
  ASSERT_EQ(::chdir("/"), 0);
  EXPECT_EQ(::access("/etc/passwd", R_OK), -1);
}

TEST_F(AsRoot, MountsInItsOwnNamespace) {
  EXPECT_EQ(InChild([] {
              if (::unshare(CLONE_NEWNS) != 0) return 1;
              if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 2;
              if (::mount("habits", "/mnt", "tmpfs", 0, nullptr) != 0) return 3;
              return Write("/mnt/file", "x") && ::umount("/mnt") == 0 ? 0 : 4;
            }),
            0);
}

TEST_F(AsRoot, UnsharesTheNetwork) {
  EXPECT_EQ(InChild([] { return ::unshare(CLONE_NEWNET) == 0 ? 0 : errno; }), 0);
}

TEST_F(AsRoot, ChangesOwners) {
  ASSERT_TRUE(Write("habits-owned", "x")) << Error();
  EXPECT_EQ(::chown("habits-owned", kNobody, kNobody), 0) << Error();
  struct stat status;
  ASSERT_EQ(::stat("habits-owned", &status), 0);
  EXPECT_EQ(status.st_uid, kNobody);
  EXPECT_EQ(::unlink("habits-owned"), 0);
}

TEST_F(AsRoot, GivesItsCapabilitiesAway) {
  EXPECT_EQ(InChild([] {
              __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
              __user_cap_data_struct none[2] = {};
              if (::syscall(SYS_capset, &header, none) != 0) return 1;
              return ::sethostname("x", 1) != 0 && errno == EPERM ? 0 : 2;
            }),
            0);
}

TEST(Users, KnowThemselves) {
  uid_t real;
  uid_t effective;
  uid_t saved;
  ASSERT_EQ(::getresuid(&real, &effective, &saved), 0);
  EXPECT_EQ(real, effective);
  EXPECT_EQ(real, saved);
  EXPECT_EQ(::access("/etc/shadow", R_OK) == 0, real == 0);
}

TEST(Users, MakeUserNamespaces) {
  const int status = InChild([] { return ::unshare(CLONE_NEWUSER) == 0 ? 0 : 1; });
  if (status != 0) GTEST_SKIP() << "the host has none";
}

TEST(Users, FilterTheirSystemCalls) {
  const int status = InChild([] {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{4, filter};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 1;
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 2;
    return ::syscall(SYS_getppid) == -1 && errno == EPERM ? 0 : 3;
  });
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace habits
