#include "check.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <initializer_list>
#include <string>

namespace testcell::cli {
namespace {

int g_report = -1;

[[noreturn]] void Report(const Finding& finding) {
  const ssize_t written = ::write(g_report, &finding, sizeof finding);
  ::_exit(written == static_cast<ssize_t>(sizeof finding) && finding.works ? 0 : 1);
}

void WriteText(const char* path, const std::string& text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  Need(fd >= 0, path);
  Need(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), path);
  ::close(fd);
}

}  // namespace

void Works() {
  Finding finding;
  finding.works = true;
  Report(finding);
}

void Fails(const char* call, int error) {
  Finding finding;
  finding.error = error;
  std::snprintf(finding.call, sizeof finding.call, "%s", call);
  Report(finding);
}

void FailsWith(const char* call, const char* text) {
  Finding finding;
  std::snprintf(finding.call, sizeof finding.call, "%s", call);
  std::snprintf(finding.text, sizeof finding.text, "%s", text);
  Report(finding);
}

void Need(bool good, const char* call) {
  if (!good) Fails(call, errno);
}

void EnterUserNamespace() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  Enter(CLONE_NEWUSER, "unshare(CLONE_NEWUSER)");
  WriteText("/proc/self/setgroups", "deny");
  WriteText("/proc/self/uid_map", std::to_string(uid) + " " + std::to_string(uid) + " 1");
  WriteText("/proc/self/gid_map", std::to_string(gid) + " " + std::to_string(gid) + " 1");
}

bool IsPrivileged() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  constexpr unsigned kNeeded = 1u << CAP_SYS_ADMIN | 1u << CAP_NET_ADMIN;
  return ::geteuid() == 0 && ::syscall(SYS_capget, &header, data) == 0 &&
         (data[0].effective & kNeeded) == kNeeded;
}

void BecomeCellMaker() {
  if (!IsPrivileged()) EnterUserNamespace();
}

void Enter(int namespaces, const char* call) { Need(::unshare(namespaces) == 0, call); }

void EnterWithPids(int namespaces) {
  Enter(namespaces | CLONE_NEWPID, "unshare(CLONE_NEWPID)");
  const pid_t child = ::fork();
  Need(child >= 0, "fork() of PID 1");
  if (child == 0) return;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

void DetachMounts() {
  Need(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0,
       "mount(MS_REC | MS_PRIVATE) on /");
}

const char* TmpfsPlace() {
  for (const char* path : {"/dev/shm", "/tmp"}) {
    struct stat status;
    if (::stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return path;
  }
  return nullptr;
}

// Without the handlers of pthread_atfork(): ThreadSanitizer's starts a thread, and
// a process of two can't enter a user namespace. This program has one.
pid_t Fork() {
#if !defined(__GLIBC__) || __GLIBC_PREREQ(2, 34)
  return ::_Fork();
#else
  return ::fork();
#endif
}

Finding Run(const Check& check) {
  constexpr unsigned kLimitS = 10;
  Finding finding;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    finding.error = errno;
    return finding;
  }
  const pid_t child = Fork();
  if (child == 0) {
    g_report = ends[1];
    // A process group, so that the limit reaches what the check has started.
    ::setpgid(0, 0);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(kLimitS);
    check.run();
    Works();
  }
  ::close(ends[1]);
  if (child < 0) {
    finding.error = errno;
  } else {
    // The write end is the child's and its children's alone: it is closed, at
    // the latest, when the last of them has ended.
    ssize_t size;
    do {
      size = ::read(ends[0], &finding, sizeof finding);
    } while (size < 0 && errno == EINTR);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (size != static_cast<ssize_t>(sizeof finding)) {
      finding = Finding();
      if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        std::snprintf(finding.text, sizeof finding.text, "no answer within %u s", kLimitS);
      } else {
        std::snprintf(finding.text, sizeof finding.text, "the process that tried it died (%s)",
                      WIFSIGNALED(status) ? ::strsignal(WTERMSIG(status)) : "exit");
      }
    }
  }
  ::close(ends[0]);
  return finding;
}

}  // namespace testcell::cli
