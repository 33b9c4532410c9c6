#include "cell/user.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell/path.h"

namespace testcell::cell {
namespace {

constexpr int kBypassing[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
                              CAP_FSETID};

using Text = FixedText<4096>;

bool WriteFile(const char* path, const char* text, std::size_t size) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, text, size) == static_cast<ssize_t>(size);
  const int error = errno;
  ::close(fd);
  errno = error;
  return written;
}

bool MapOne(const char* path, unsigned inside, unsigned outside) {
  Text text;
  text.Add(static_cast<long>(inside)).Add(" ").Add(static_cast<long>(outside)).Add(" 1");
  return WriteFile(path, text.c_str(), text.size());
}

bool EnterAsOne(const Context& context, uid_t inside_uid, gid_t inside_gid, uid_t uid, gid_t gid) {
  if (::unshare(CLONE_NEWUSER) != 0) {
    SendFailure(context, Step::kUserNamespace, errno, "");
    return false;
  }
  // An ordinary user may map its group only where groups can't be dropped
  // any more (user_namespaces(7)).
  if (!WriteFile("/proc/self/setgroups", "deny", 4) ||
      !MapOne("/proc/self/uid_map", inside_uid, uid) ||
      !MapOne("/proc/self/gid_map", inside_gid, gid)) {
    SendFailure(context, Step::kUserMap, errno, "/proc/self/uid_map");
    return false;
  }
  return true;
}

// Every id that exists here, as itself: "inside outside count" a line.
bool CopyMap(const char* from, pid_t to, const char* name) {
  char ranges[2048];
  const int fd = ::open(from, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const ssize_t size = ::read(fd, ranges, sizeof ranges - 1);
  ::close(fd);
  if (size <= 0) return false;
  ranges[size] = '\0';
  Text text;
  for (char* line = ::strtok(ranges, "\n"); line != nullptr; line = ::strtok(nullptr, "\n")) {
    char* words[3] = {};
    char* next = line;
    for (char*& word : words) {
      while (*next == ' ') ++next;
      word = next;
      while (*next != ' ' && *next != '\0') ++next;
      if (*next != '\0') *next++ = '\0';
    }
    text.Add(words[0]).Add(" ").Add(words[0]).Add(" ").Add(words[2]).Add("\n");
  }
  FixedText<64> path;
  path.Add("/proc/").Add(static_cast<long>(to)).Add("/").Add(name);
  return WriteFile(path.c_str(), text.c_str(), text.size());
}

// Maps of more than one id are written from the parent namespace, so a child
// that stays there writes them for us.
bool EnterWithAll(const Context& context) {
  int entered[2];
  if (::pipe2(entered, O_CLOEXEC) != 0) {
    SendFailure(context, Step::kUserMap, errno, "(pipe)");
    return false;
  }
  const pid_t worker = ::getpid();
  const pid_t writer = ::fork();
  if (writer == 0) {
    char byte;
    ::close(entered[1]);
    if (::read(entered[0], &byte, 1) != 1) ::_exit(0);
    if (!CopyMap("/proc/self/uid_map", worker, "uid_map")) ::_exit(errno);
    if (!CopyMap("/proc/self/gid_map", worker, "gid_map")) ::_exit(errno);
    ::_exit(0);
  }
  bool good = writer > 0 && ::unshare(CLONE_NEWUSER) == 0;
  if (!good) SendFailure(context, Step::kUserNamespace, errno, "");
  if (good && ::write(entered[1], "x", 1) != 1) good = false;
  ::close(entered[1]);
  ::close(entered[0]);
  int status = 0;
  if (writer > 0) {
    while (::waitpid(writer, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (good && status != 0) {
    SendFailure(context, Step::kUserMap, WEXITSTATUS(status), "/proc/PID/uid_map");
    good = false;
  }
  return good;
}

bool GetCapabilities(__user_cap_data_struct* data) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capget, &header, data) == 0;
}

bool SetCapabilities(const __user_cap_data_struct* data) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capset, &header, data) == 0;
}

void Clear(__user_cap_data_struct* data, bool inheritable_only) {
  for (const int capability : kBypassing) {
    const unsigned keep = ~(1u << (capability % 32));
    data[capability / 32].inheritable &= keep;
    if (inheritable_only) continue;
    data[capability / 32].effective &= keep;
    data[capability / 32].permitted &= keep;
  }
}

void SetEffective(const Context& context, bool all) {
  __user_cap_data_struct data[2];
  if (!GetCapabilities(data)) Fail(context, Step::kCapabilities, errno);
  for (auto& half : data) half.effective = all ? half.permitted : 0;
  if (!SetCapabilities(data)) Fail(context, Step::kCapabilities, errno);
}

}  // namespace

bool EnterUserNamespace(const Context& context, UserMode mode, uid_t uid, gid_t gid) {
  switch (mode) {
    case UserMode::kNone:
      return true;
    case UserMode::kAll:
      return EnterWithAll(context);
    case UserMode::kRoot:
      return EnterAsOne(context, 0, 0, uid, gid);
    case UserMode::kSelf:
      break;
  }
  if (!EnterAsOne(context, uid, gid, uid, gid)) return false;
  if (KeepCapabilities()) return true;
  SendFailure(context, Step::kCapabilities, errno, "");
  return false;
}

bool KeepCapabilities() {
  __user_cap_data_struct data[2];
  if (!GetCapabilities(data)) return false;
  for (auto& half : data) half.inheritable = half.permitted;
  Clear(data, true);
  if (!SetCapabilities(data)) return false;
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if ((data[capability / 32].inheritable >> (capability % 32) & 1u) == 0) continue;
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return false;
  }
  for (const int capability : kBypassing) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return false;
  }
  return true;
}

void DropFilePermissionBypass(const Context& context) {
  __user_cap_data_struct data[2];
  if (!GetCapabilities(data)) Fail(context, Step::kCapabilities, errno);
  Clear(data, false);
  if (!SetCapabilities(data)) Fail(context, Step::kCapabilities, errno);
}

void LowerCapabilities(const Context& context) { SetEffective(context, false); }

void RaiseCapabilities(const Context& context) { SetEffective(context, true); }

void DropCapabilities(const Context& context) {
  const __user_cap_data_struct none[2] = {};
  if (!SetCapabilities(none) || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    Fail(context, Step::kCapabilities, errno);
  }
}

}  // namespace testcell::cell
