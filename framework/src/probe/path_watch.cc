#include "probe/path_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe/files.h"
#include "probe/probes.h"

namespace testcell::probe {
namespace {

constexpr std::uint64_t kEvents = FAN_CREATE | FAN_MOVED_TO | FAN_ONDIR;

}  // namespace

int PathWatch::Mark(const FileEvents& events, const PlaceFds& fds) {
  roots_known_ = false;
  int error = 0;
  for (const int fd : {fds.base, fds.shm}) {
    if (fd >= 0 && events.fd() >= 0 && !events.Mark(fd, kEvents)) error = errno;
  }
  return error;
}

PathWatch::Node* PathWatch::Find(std::uint64_t handle) {
  for (std::size_t at = handle % kSlots; slots_[at] != 0; at = (at + 1) % kSlots) {
    if (nodes_[slots_[at] - 1].handle == handle) return &nodes_[slots_[at] - 1];
  }
  return nullptr;
}

PathWatch::Node* PathWatch::Add(std::uint64_t handle, std::uint16_t parent, std::size_t tree,
                                std::string_view name) {
  Node* node = Find(handle);
  if (names_used_ + name.size() + 1 > kNameBytes) return nullptr;
  if (node == nullptr) {
    if (count_ == kMaxDirectories) return nullptr;
    std::size_t at = handle % kSlots;
    while (slots_[at] != 0) at = (at + 1) % kSlots;
    node = &nodes_[count_++];
    slots_[at] = static_cast<std::uint16_t>(count_);
  }
  *node = {handle, parent, static_cast<std::uint16_t>(tree),
           static_cast<std::uint32_t>(names_used_)};
  ::memcpy(names_ + names_used_, name.data(), name.size());
  names_[names_used_ + name.size()] = '\0';
  names_used_ += name.size() + 1;
  return node;
}

void PathWatch::AddRoot(int at, const char* path, std::size_t tree, std::string_view below) {
  struct stat status;
  if (::fstatat(at, path, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode)) return;
  alignas(file_handle) char memory[sizeof(file_handle) + MAX_HANDLE_SZ];
  auto* const handle = reinterpret_cast<file_handle*>(memory);
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount;
  if (::name_to_handle_at(at, path, handle, &mount, 0) != 0) return;
  Add(HandleHash(*handle), kNoParent, tree, below);
}

void PathWatch::AddRoots(const Places& places, const PlaceFds& fds) {
  count_ = names_used_ = 0;
  ::memset(slots_, 0, sizeof slots_);
  for (std::size_t tree = 0; tree < places.trees.size(); ++tree) {
    const Tree& place = places.trees[tree];
    const int at = place.name.empty() ? fds.shm : fds.base;
    const char* const name = place.name.empty() ? "." : place.name.c_str();
    if (at < 0) continue;
    AddRoot(at, name, tree, "");
    // Directories that were there before the test have told of nothing.
    for (const std::string& given : places.given) {
      if (!IsBelow(given, place.path)) continue;
      const char* const below = given.c_str() + place.path.size() + 1;
      Text path;
      path.Add(name).Add("/").Add(below);
      AddRoot(at, path.c_str(), tree, below);
    }
  }
}

// The path below the directory's tree, with a slash at its end if not empty.
bool PathWatch::Below(const Node& directory, Text* path) const {
  constexpr int kMaxDepth = 64;
  const Node* chain[kMaxDepth];
  int depth = 0;
  const Node* node = &directory;
  for (; node->parent != kNoParent; node = &nodes_[node->parent]) {
    if (depth == kMaxDepth) return false;  // or a loop that a lost event has made
    chain[depth++] = node;
  }
  const char* const root = names_ + node->name;
  if (*root != '\0') path->Add(root).Add("/");
  while (depth > 0) path->Add(names_ + chain[--depth]->name).Add("/");
  return !path->overflowed();
}

void PathWatch::Report(const Places& places, const PlaceFds& fds, const Node& directory,
                       std::string_view name, bool is_directory, Seen* seen, Sink* sink) {
  const Tree& tree = places.trees[directory.tree];
  if (tree.working_directory && fds.working_directory_shared) return;
  Text below;
  if (!Below(directory, &below)) return;
  below.Add(name.data(), name.size());
  if (below.overflowed() || IsOfTool(name)) return;
  if (tree.lower != kNoLower && !ChangesLower(tree, fds, below.c_str(), is_directory)) return;
  const bool shm = tree.shm && ::strchr(below.c_str(), '/') == nullptr;
  Text path;
  if (!shm) path.Add(tree.path.c_str());
  path.Add("/").Add(below.c_str());
  if (!seen->Add(Hash(View(path), 6 + 16 * static_cast<std::uint64_t>(sink->user())))) return;
  sink->Report(shm ? UseKind::kPosixShm : UseKind::kPath, View(path), LooksRandom(View(below)));
}

void PathWatch::Take(const FileEvent& event, const Places& places, const PlaceFds& fds, Seen* seen,
                     Sink* sink) {
  if ((event.mask & kEvents & ~std::uint64_t{FAN_ONDIR}) == 0 || event.name.empty()) return;
  if (!roots_known_) AddRoots(places, fds);
  roots_known_ = true;
  // Unknown directories: an overlay's own, or what lost events told of.
  Node* const directory = Find(event.directory_hash);
  if (directory == nullptr) return;
  const bool is_directory = (event.mask & FAN_ONDIR) != 0;
  if (is_directory && event.child_hash != 0) {
    Add(event.child_hash, static_cast<std::uint16_t>(directory - nodes_), directory->tree,
        event.name);
  }
  Report(places, fds, *directory, event.name, is_directory, seen, sink);
}

}  // namespace testcell::probe
