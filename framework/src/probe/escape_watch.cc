#include "probe/escape_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>

#include "probe/files.h"
#include "probe/probes.h"

namespace testcell::probe {
namespace {

constexpr std::uint64_t kComes = FAN_CREATE | FAN_MOVED_TO;
constexpr std::uint64_t kGoes = FAN_DELETE | FAN_MOVED_FROM;
constexpr std::uint64_t kEvents = kComes | kGoes | FAN_CLOSE_WRITE | FAN_ATTRIB | FAN_ONDIR;

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

void Close(int fd) {
  if (fd >= 0) ::close(fd);
}

bool ReadLink(int proc, int fd, char (*path)[PATH_MAX]) {
  posix::FixedText<32> link;
  link.Add("self/fd/").Add(static_cast<long>(fd));
  const ssize_t size = ::readlinkat(proc, link.c_str(), *path, sizeof *path - 1);
  if (size <= 0 || (*path)[0] != '/') return false;
  (*path)[size] = '\0';
  return true;
}

bool IsAtOrBelow(std::string_view path, std::string_view directory) {
  return path.substr(0, directory.size()) == directory &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

// What O_TMPFILE makes has no name: the kernel calls it "#" and its inode.
bool LooksUnnamed(std::string_view path) {
  const std::size_t hash = path.rfind("/#");
  return hash != path.npos && hash + 2 < path.size() &&
         path.find_first_not_of("0123456789", hash + 2) == path.npos;
}

bool IsBefore(const timespec& one, const timespec& other) {
  return one.tv_sec != other.tv_sec ? one.tv_sec < other.tv_sec : one.tv_nsec < other.tv_nsec;
}

}  // namespace

void EscapeWatch::Watch(const FileEvents& events, const HostFileSystems& systems) {
  for (const HostFileSystem& system : systems) {
    System known{};
    std::size_t mounts = 0;
    for (int& mount : known.mounts) {
      mount =
          mounts < system.mounts.size() ? ::open(system.mounts[mounts].c_str(), kDirectory) : -1;
      ++mounts;
    }
    struct statfs status;
    const bool markable = system_count_ < kMaxSystems && events.fd() >= 0 && known.mounts[0] >= 0 &&
                          ::fstatfs(known.mounts[0], &status) == 0;
    if (markable && events.Mark(known.mounts[0], kEvents)) {
      ::memcpy(&known.fsid, &status.f_fsid, sizeof known.fsid);
      systems_[system_count_++] = known;
      continue;
    }
    if (markable && (errno == ENOSPC || errno == ENOMEM)) error_ = errno;
    if (system.may_be_opened) WatchWritten(known.mounts[0]);
    for (const int mount : known.mounts) Close(mount);
  }
  if (has_events()) ExpectCalls();
}

void EscapeWatch::ExpectCalls() { root_.Reset(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)); }

// Overlays have no handles that could be opened: all that they tell is what was
// written to.
void EscapeWatch::WatchWritten(int mount) {
  if (mount < 0) return;
  if (!written_) {
    written_.Reset(::fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK,
                                   O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_LARGEFILE | O_NOATIME));
  }
  if (!written_) return;
  ::fanotify_mark(written_.get(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_CLOSE_WRITE, mount, ".");
}

void EscapeWatch::CloseInTest() {
  root_.Reset();
  written_.Reset();
  for (std::size_t i = 0; i < system_count_; ++i) {
    for (const int mount : systems_[i].mounts) Close(mount);
  }
}

void EscapeWatch::Discard() const {
  char buffer[4096];
  ssize_t size;
  while (written_ && (size = ::read(written_.get(), buffer, sizeof buffer)) > 0) {
    ForEachEvent(buffer, size,
                 [](const fanotify_event_metadata& event, std::string_view) { Close(event.fd); });
  }
}

void EscapeWatch::Start(const Places& places, int proc, Seen* seen, Sink* uses) {
  places_ = &places;
  proc_ = proc;
  seen_ = seen;
  uses_ = uses;
  if (!root_) return;
  if (count_ > 0) ::memset(slots_, 0, sizeof slots_);
  count_ = text_used_ = 0;
  lost_ = false;
  named_.Clear();
  move_ = {};
  // The clock that the kernel gives inodes their times by.
  ::clock_gettime(CLOCK_REALTIME_COARSE, &started_);
}

// By another way than the one that led to it: the path may begin elsewhere, or
// be gone.
bool EscapeWatch::IsOnHost(int fd, const char* path) const {
  struct stat here;
  struct stat there;
  const char* const below = path[1] == '\0' ? "." : path + 1;
  return ::fstat(fd, &here) == 0 &&
         ::fstatat(root_.get(), below, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
         here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

// False for a directory that is gone, with all that was in it.
bool EscapeWatch::FindDirectory(const System& system, const FileEvent& event, Text* path) const {
  alignas(file_handle) char memory[sizeof(file_handle) + MAX_HANDLE_SZ];
  const std::size_t size = sizeof(file_handle) + event.directory->handle_bytes;
  if (size > sizeof memory) return false;
  ::memcpy(memory, event.directory, size);
  for (const int mount : system.mounts) {
    if (mount < 0) continue;
    const posix::UniqueFd fd(::open_by_handle_at(mount, reinterpret_cast<file_handle*>(memory),
                                                 O_PATH | O_DIRECTORY | O_CLOEXEC));
    char text[PATH_MAX];
    if (!fd || !ReadLink(proc_, fd.get(), &text) || !IsOnHost(fd.get(), text)) continue;
    path->Add(text[1] == '\0' ? "" : text);
    return true;
  }
  return false;
}

// Else it was opened for writing, and not written to. What went through a FIFO
// or to a device is not in the file system.
bool EscapeWatch::HasChanged(const struct stat& status) const {
  const mode_t type = status.st_mode & S_IFMT;
  return (type == S_IFREG || type == S_IFDIR || type == S_IFLNK) &&
         !IsBefore(status.st_ctim, started_);
}

// What was only moved away and back has another time of change, and nothing else.
bool EscapeWatch::HasChanged(const Entry& entry, const struct stat& status) const {
  if (!HasChanged(status)) return false;
  const struct stat& before = entry.before;
  if (entry.known) {
    return before.st_ino != status.st_ino || before.st_mode != status.st_mode ||
           before.st_uid != status.st_uid || before.st_gid != status.st_gid ||
           before.st_size != status.st_size || IsBefore(before.st_mtim, status.st_mtim) ||
           IsBefore(status.st_mtim, before.st_mtim);
  }
  const bool only_moved = entry.home != 0 && entry.back && !entry.touched;
  return !only_moved || !IsBefore(status.st_mtim, started_);
}

bool EscapeWatch::Find(const char* path, struct stat* status) const {
  return ::fstatat(root_.get(), path + 1, status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool EscapeWatch::IsMeant(std::string_view path) const {
  return std::any_of(places_->shared.begin(), places_->shared.end(),
                     [&](const std::string& shared) { return IsAtOrBelow(path, shared); });
}

void EscapeWatch::Note(const Text& path, const FileEvent& event) {
  const std::uint64_t mask = event.mask;
  if (path.overflowed()) lost_ = true;
  if (path.overflowed() || IsOfTool(View(path))) return;
  const bool by_name = (mask & (kComes | kGoes)) != 0;
  struct stat status;
  const bool is_there = !by_name && Find(path.c_str(), &status);
  if (!by_name && !is_there && LooksUnnamed(View(path))) return;
  Entry* const entry = AddEntry(View(path), WasThere(mask, event.child_hash));
  if (entry != nullptr && (mask & kGoes) != 0) entry->removed = true;
  if (entry != nullptr) NoteMove(event, entry);
  // What was open for writing may not have been written to. Of a file that
  // somebody has removed meanwhile nothing tells.
  if (!is_there || HasChanged(status)) NoteUse(View(path));
}

void EscapeWatch::NoteUse(std::string_view path) {
  if (uses_ == nullptr) return;
  if (seen_->Add(Hash(path, 6 + 16 * static_cast<std::uint64_t>(uses_->user())))) {
    uses_->ReportShared(UseKind::kPath, path, LooksRandom(path));
  }
}

// What happened to a name first says what was there before. The kernel makes one
// of all events of a name, a file and a process that wait to be read: a file that
// came to this name by a move had left another one by then.
bool EscapeWatch::WasThere(std::uint64_t mask, std::uint64_t child) const {
  if ((mask & kComes) == 0) return true;
  return (mask & FAN_CREATE) == 0 && (mask & FAN_MOVED_FROM) != 0 && child != 0 &&
         !named_.Has(child);
}

void EscapeWatch::NoteMove(const FileEvent& event, Entry* entry) {
  const std::uint64_t mask = event.mask;
  if (entry->was_there && entry->home == 0 && (mask & FAN_MOVED_FROM) != 0) {
    entry->home = event.child_hash;
  }
  // Two that change places come before they go.
  if (!entry->was_there && (mask & kComes) == 0 && event.child_hash != 0 &&
      !named_.Has(event.child_hash)) {
    entry->replaced = entry->replaced || (mask & FAN_MOVED_FROM) != 0;
  }
  if ((mask & FAN_MOVED_TO) != 0) {
    entry->back = event.child_hash == entry->home;
    entry->touched = entry->touched || !entry->back;
    move_ = {entry, event.pid, 0};
  }
  constexpr std::uint64_t kTouches = FAN_CREATE | FAN_DELETE | FAN_CLOSE_WRITE | FAN_ATTRIB;
  entry->touched = entry->touched || (mask & kTouches) != 0;
  if (event.child_hash != 0) named_.Add(event.child_hash);
}

// A file has lost a name: right behind a move the one that it gave its name to,
// but that names tell of it, too, if it is unlinked or linked next.
void EscapeWatch::TakeNameless(const FileEvent& event) {
  SettleReplaced(event);
  const bool fits = (event.mask & FAN_ATTRIB) != 0 && move_.entry != nullptr &&
                    move_.pid == event.pid && !named_.Has(event.child_hash);
  if (fits) move_.loser = event.child_hash;
}

// `event`: the next one.
void EscapeWatch::SettleReplaced(const FileEvent& event) {
  if (move_.entry == nullptr || move_.pid != event.pid) return;
  const bool named =
      (event.mask & (FAN_CREATE | FAN_DELETE)) != 0 && event.child_hash == move_.loser;
  if (move_.loser != 0 && !named) move_.entry->replaced = true;
  if (move_.loser != 0 || !event.name.empty()) move_ = {};
}

EscapeWatch::Entry* EscapeWatch::FindEntry(std::string_view path, std::size_t* slot) {
  std::size_t at = Hash(path, 9) % kSlots;
  for (; slots_[at] != 0; at = (at + 1) % kSlots) {
    Entry& known = entries_[slots_[at] - 1];
    if (path == text_ + known.path) return &known;
  }
  *slot = at;
  return nullptr;
}

// Null where there is no room.
EscapeWatch::Entry* EscapeWatch::AddEntry(std::string_view path, bool was_there) {
  std::size_t at;
  if (Entry* const known = FindEntry(path, &at)) return known;
  if (count_ == kMaxPaths || text_used_ + path.size() + 1 > kTextBytes) {
    lost_ = true;
    return nullptr;
  }
  Entry& entry = entries_[count_++];
  slots_[at] = static_cast<std::uint16_t>(count_);
  entry = {};
  entry.path = static_cast<std::uint32_t>(text_used_);
  entry.was_there = was_there;
  entry.meant = IsMeant(path);
  ::memcpy(text_ + text_used_, path.data(), path.size());
  text_[text_used_ + path.size()] = '\0';
  text_used_ += path.size() + 1;
  return &entry;
}

// Only what is the same file on the host, and not one of the cell's own under
// that path.
void EscapeWatch::TakeCall(int directory, const char* name, Deed deed) {
  const bool opens = deed == Deed::kCreates || deed == Deed::kWrites;
  const int follow = opens ? 0 : O_NOFOLLOW;
  const posix::UniqueFd file(::openat(directory, name, O_PATH | O_CLOEXEC | follow));
  if (!file && deed != Deed::kMakes && deed != Deed::kCreates) return;
  char link[PATH_MAX];
  if (!ReadLink(proc_, file ? file.get() : directory, &link)) return;
  if (!IsOnHost(file ? file.get() : directory, link)) return;
  // To make or remove a name takes the right to write to its directory.
  const bool by_name = !file || deed == Deed::kRemoves;
  if (by_name && ::faccessat(directory, ".", W_OK, AT_EACCESS) != 0) return;
  Text path;
  path.Add(link[1] == '\0' && !file ? "" : link);
  if (!file) path.Add("/").Add(name);
  if (path.overflowed()) lost_ = true;
  if (path.overflowed() || IsOfTool(View(path))) return;
  const std::size_t count = count_;
  Entry* const entry = AddEntry(View(path), static_cast<bool>(file));
  if (file && count_ > count) entry->known = ::fstat(file.get(), &entry->before) == 0;
  if (entry != nullptr && deed == Deed::kRemoves) entry->removed = true;
  if (by_name) {
    NoteUse(View(path));
  } else if (entry != nullptr) {
    entry->use_due = true;
  }
}

bool EscapeWatch::Take(const FileEvent& event) {
  if (!has_events()) return false;
  if (event.pid == 0) return true;  // somebody else's
  for (std::size_t i = 0; i < system_count_; ++i) {
    if (::memcmp(&systems_[i].fsid, &event.fsid, sizeof event.fsid) != 0) continue;
    Text path;
    if (event.pid == 1) return true;  // init's
    if (event.name.empty()) TakeNameless(event);
    if (event.name.empty() || !FindDirectory(systems_[i], event, &path)) return true;
    SettleReplaced(event);
    if (event.name != ".") path.Add("/").Add(event.name.data(), event.name.size());
    Note(path, event);
    return true;
  }
  return false;
}

void EscapeWatch::TakeWritten() {
  char buffer[4096];
  while (written_) {
    const ssize_t size = ::read(written_.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    ForEachEvent(buffer, size, [this](const fanotify_event_metadata& event, std::string_view) {
      lost_ = lost_ || (event.mask & FAN_Q_OVERFLOW) != 0;
      const posix::UniqueFd fd(event.fd);
      char link[PATH_MAX];
      if (!fd || event.pid <= 1 || !ReadLink(proc_, fd.get(), &link)) return;
      if (!IsOnHost(fd.get(), link)) return;
      Text path;
      FileEvent written;
      written.mask = event.mask;
      written.pid = event.pid;
      Note(path.Add(link), written);
    });
  }
}

void EscapeWatch::Report(bool leaks, Sink* sink) {
  FileEvent end;
  end.pid = move_.pid;
  SettleReplaced(end);
  for (std::size_t i = 0; i < count_; ++i) {
    const Entry& entry = entries_[i];
    const char* const path = text_ + entry.path;
    struct stat status;
    const bool is_there = Find(path, &status);
    if (is_there && entry.was_there && !HasChanged(entry, status)) continue;
    if (!is_there && !entry.was_there) continue;
    if (entry.use_due) NoteUse(path);
    if (!leaks || entry.meant || (!is_there && !entry.removed)) continue;
    posix::FixedText<24> bytes;
    if (is_there && S_ISREG(status.st_mode)) bytes.Add(static_cast<long>(status.st_size));
    sink->Report(LeakKind::kFile, path,
                 {{"size", View(bytes)},
                  {"type", is_there ? TypeText(status.st_mode) : ""},
                  {"change", !is_there                           ? "deleted"
                             : entry.was_there || entry.replaced ? "changed"
                                                                 : "made"},
                  {"escaped", "true"}});
  }
  if (lost_) sink->Lose(1);
}

}  // namespace testcell::probe
