#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "posix/unique_fd.h"
#include "probe/directory.h"
#include "probe/probes.h"

namespace testcell::probe {
namespace {

constexpr unsigned kFsopenCloexec = 1;      // FSOPEN_CLOEXEC
constexpr unsigned kFsmountCloexec = 1;     // FSMOUNT_CLOEXEC
constexpr unsigned kFsconfigCmdCreate = 6;  // FSCONFIG_CMD_CREATE

// The queues of this IPC namespace as a directory that is mounted nowhere:
// /dev/mqueue may be missing, or be something else by now.
posix::UniqueFd MountQueues() {
  const posix::UniqueFd context(static_cast<int>(::syscall(SYS_fsopen, "mqueue", kFsopenCloexec)));
  if (!context) return posix::UniqueFd();
  if (::syscall(SYS_fsconfig, context.get(), kFsconfigCmdCreate, nullptr, nullptr, 0) != 0) {
    return posix::UniqueFd();
  }
  return posix::UniqueFd(
      static_cast<int>(::syscall(SYS_fsmount, context.get(), kFsmountCloexec, 0)));
}

}  // namespace

void ReportMessageQueues(int root, Wanted wanted, Sink* sink) {
  posix::UniqueFd mount;
  if (root < 0) {
    mount = MountQueues();
    root = mount.get();
  }
  struct stat status;
  constexpr off_t kEmpty = 40;  // two entries of 20 bytes, "." and ".." (ipc/mqueue.c)
  if (root < 0 || ::fstat(root, &status) != 0 || status.st_size <= kEmpty) return;
  Directory queues(root, ".");
  while (const char* name = queues.Next()) {
    Text what;
    what.Add("/").Add(name);
    if (wanted.uses && wanted.seen->Add(Hash(View(what), 10))) {
      sink->Report(UseKind::kPosixMq, View(what), LooksRandom(name));
    }
    if (wanted.leaks) sink->Report(LeakKind::kPosixMq, View(what));
  }
}

}  // namespace testcell::probe
