#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <thread>

#include "payloads.h"

namespace {

using namespace payloads;

PAYLOAD(mount_left) { MUST(::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr)); }
PAYLOAD(mount_clean) {
  MUST(::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr));
  MUST(::umount("/mnt"));
}
PAYLOAD(mount_over_tmp_left) {
  WriteFile("/tmp/below", "hello");
  MUST(::mount("tmpfs", "/tmp", "tmpfs", 0, nullptr));
}

// What the host has at /proc shows all of its processes.
PAYLOAD(proc_unmounted_left) {
  MUST(::umount2("/proc", MNT_DETACH));
  StartSleeper();
  MUST(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}
PAYLOAD(proc_unmounted_clean) {
  MUST(::umount2("/proc", MNT_DETACH));
  Stop(StartSleeper());
  std::thread([] {}).join();
}
PAYLOAD(proc_covered_left) {
  MUST(::mount("tmpfs", "/proc", "tmpfs", 0, nullptr));
  const int fd = Tcp(AF_INET);
  MUST(Bind(fd, Ipv4("127.0.0.1", 85)));
  StartSleeper();
  ::close(fd);
}
PAYLOAD(proc_covered_clean) {
  MUST(::mount("tmpfs", "/proc", "tmpfs", 0, nullptr));
  Stop(StartSleeper());
  std::thread([] {}).join();
  MUST(::umount("/proc"));
}

void ChangeBridge(unsigned long request) {
  const int fd = Udp(AF_INET);
  MUST(::ioctl(fd, request, "zoo0"));
  ::close(fd);
}
constexpr unsigned long kAddBridge = 0x89a0;     // SIOCBRADDBR
constexpr unsigned long kDeleteBridge = 0x89a1;  // SIOCBRDELBR

PAYLOAD(interface_left) { ChangeBridge(kAddBridge); }
PAYLOAD(interface_clean) {
  ChangeBridge(kAddBridge);
  ChangeBridge(kDeleteBridge);
}

PAYLOAD(host_name_changed) { MUST(::sethostname("zoo", 3)); }
PAYLOAD(host_name_restored_clean) {
  MUST(::sethostname("zoo", 3));
  MUST(::sethostname("cell", 4));
}
PAYLOAD(cwd_changed) { MUST(::chdir("/")); }
PAYLOAD(umask_changed) { ::umask(0137); }
PAYLOAD(environment_changed) {
  ::setenv("ZOO_NEW", "1", 1);
  ::unsetenv("HOME");
  ::setenv("ZOO_OLD", "after", 1);
}
PAYLOAD(signals_changed) {
  ::signal(SIGUSR1, SIG_IGN);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR2);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}
PAYLOAD(state_restored_clean) {
  char before[4096];
  MUST(::getcwd(before, sizeof before) == nullptr ? -1 : 0);
  MUST(::chdir("/tmp"));
  MUST(::chdir(before));
  ::umask(::umask(0));
  ::setenv("ZOO_NEW", "1", 1);
  ::unsetenv("ZOO_NEW");
  ::signal(SIGUSR1, ::signal(SIGUSR1, SIG_IGN));
}

PAYLOAD(nothing) {}

}  // namespace
