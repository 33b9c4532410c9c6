#include "probe/file_events.h"

#include <string.h>

#include "probe/seen.h"

#ifndef FAN_REPORT_TARGET_FID  // Linux 5.17
#define FAN_REPORT_TARGET_FID 0x00001000
#endif

namespace testcell::probe {

std::uint64_t HandleHash(const file_handle& handle) {
  return Hash({reinterpret_cast<const char*>(handle.f_handle), handle.handle_bytes}, 5);
}

FileEvent ReadFileEvent(const fanotify_event_metadata& event, std::string_view bytes) {
  FileEvent result;
  result.mask = event.mask;
  result.pid = event.pid;
  result.bytes = bytes;
  const char* next = bytes.data() + event.metadata_len;
  const char* const end = bytes.data() + bytes.size();
  while (next + sizeof(fanotify_event_info_fid) <= end) {
    fanotify_event_info_fid info;
    ::memcpy(&info, next, sizeof info);
    const auto* const handle =
        reinterpret_cast<const file_handle*>(next + offsetof(fanotify_event_info_fid, handle));
    if (info.hdr.info_type == FAN_EVENT_INFO_TYPE_DFID_NAME) {
      result.fsid = info.fsid;
      result.directory = handle;
      result.directory_hash = HandleHash(*handle);
      result.name = reinterpret_cast<const char*>(handle->f_handle) + handle->handle_bytes;
    } else if (info.hdr.info_type == FAN_EVENT_INFO_TYPE_FID) {
      result.fsid = info.fsid;
      result.child_hash = HandleHash(*handle);
    }
    if (info.hdr.len == 0) break;
    next += info.hdr.len;
  }
  return result;
}

void FileEvents::Open() {
  group_.Reset(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME |
                                   FAN_REPORT_FID | FAN_REPORT_TARGET_FID,
                               O_RDONLY | O_CLOEXEC));
  const int error = group_ ? 0 : errno;
  error_ = error == EPERM || error == EINVAL || error == ENOSYS ? 0 : error;
}

bool FileEvents::Mark(int at, std::uint64_t events) const {
  return group_ &&
         ::fanotify_mark(group_.get(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, events, at, ".") == 0;
}

void FileEvents::Discard() const {
  Drain([](const FileEvent&) {});
}

}  // namespace testcell::probe
