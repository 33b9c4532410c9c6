#include "probe/mounts.h"

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace testcell::probe {
namespace {

// linux/mount.h of Linux 6.8, which older systems' headers don't have; one
// number for all architectures.
constexpr long kStatmount = 457;
constexpr long kListmount = 458;
constexpr std::uint64_t kRoot = ~std::uint64_t{0};  // LSMT_ROOT
constexpr unsigned kReverse = 1;                    // LISTMOUNT_REVERSE
constexpr std::uint64_t kMountPoint = 0x10;         // STATMOUNT_MNT_POINT
constexpr std::uint64_t kFsType = 0x20;             // STATMOUNT_FS_TYPE

struct Request {  // mnt_id_req
  std::uint32_t size = sizeof(Request);
  std::uint32_t spare = 0;
  std::uint64_t mount = 0;
  std::uint64_t param = 0;
};

struct Status {  // statmount
  std::uint32_t size;
  std::uint32_t options;
  std::uint64_t mask;
  std::uint32_t device[2];
  std::uint64_t magic;
  std::uint32_t flags;
  std::uint32_t fs_type;  // offsets into `text`
  std::uint64_t ids[2];
  std::uint32_t old_ids[2];
  std::uint64_t rest[5];
  std::uint32_t root;
  std::uint32_t mount_point;
  std::uint64_t spare[50];
  char text[4096];
};
static_assert(offsetof(Status, mount_point) == 108 && offsetof(Status, text) == 512);

long List(std::uint64_t after, std::uint64_t* mounts, std::size_t count, unsigned flags) {
  Request request;
  request.mount = kRoot;
  request.param = after;
  return ::syscall(kListmount, &request, mounts, count, flags);
}

void ReportMount(std::uint64_t mount, Sink* sink) {
  Request request;
  request.mount = mount;
  request.param = kMountPoint | kFsType;
  alignas(8) Status status;
  if (::syscall(kStatmount, &request, &status, sizeof status, 0) != 0) return;
  const char* const type = (status.mask & kFsType) != 0 ? status.text + status.fs_type : "?";
  const char* const point =
      (status.mask & kMountPoint) != 0 ? status.text + status.mount_point : "?";
  Text what;
  what.Add(type).Add(" on ").Add(point);
  sink->Report(LeakKind::kMount, View(what), {{"type", type}, {"path", point}});
}

}  // namespace

std::uint64_t NewestMount() {
  std::uint64_t newest = 0;
  if (List(0, &newest, 1, kReverse) == 1) return newest;  // Linux 6.12
  std::uint64_t mounts[64];
  for (;;) {
    const long count = List(newest, mounts, 64, 0);
    if (count <= 0) return newest;
    newest = mounts[count - 1];
  }
}

void ReportMounts(std::uint64_t newest_before, Sink* sink) {
  if (newest_before == 0) return;
  std::uint64_t mounts[64];
  for (;;) {
    const long count = List(newest_before, mounts, 64, 0);
    if (count <= 0) return;
    for (long i = 0; i < count; ++i) ReportMount(mounts[i], sink);
    newest_before = mounts[count - 1];
  }
}

}  // namespace testcell::probe
