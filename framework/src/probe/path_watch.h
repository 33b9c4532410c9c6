// The names that were made in a cell's private file systems, also those that
// are gone again: events of the whole tmpfs (fanotify(7)), read when the test
// is over.
#ifndef TESTCELL_SRC_PROBE_PATH_WATCH_H_
#define TESTCELL_SRC_PROBE_PATH_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "probe/file_events.h"
#include "probe/places.h"
#include "probe/seen.h"
#include "probe/sink.h"

namespace testcell::probe {

// In init: async-signal-safe, no allocation.
class PathWatch {
 public:
  // Before the test: its private file systems. Why one of them can't be watched
  // (errno), or 0.
  int Mark(const FileEvents& events, const PlaceFds& fds);
  // The names that directories had are no longer of interest.
  void Forget() { roots_known_ = false; }
  // Reports what was made, under the path that the test knows. Other events are
  // passed over.
  void Take(const FileEvent& event, const Places& places, const PlaceFds& fds, Seen* seen,
            Sink* sink);

 private:
  static constexpr std::uint16_t kNoParent = 0xffff;
  static constexpr std::size_t kMaxDirectories = 4096;
  static constexpr std::size_t kNameBytes = 128u << 10;
  static constexpr std::size_t kSlots = 2 * kMaxDirectories;

  // By handle: a directory's place in the tree may change, its handle not.
  struct Node {
    std::uint64_t handle;
    std::uint16_t parent;  // kNoParent: a root
    std::uint16_t tree;    // of the places
    std::uint32_t name;    // in names_, zero-terminated; a root's: below its tree
  };

  void AddRoots(const Places& places, const PlaceFds& fds);
  void AddRoot(int at, const char* path, std::size_t tree, std::string_view below);
  Node* Find(std::uint64_t handle);
  Node* Add(std::uint64_t handle, std::uint16_t parent, std::size_t tree, std::string_view name);
  bool Below(const Node& directory, Text* path) const;
  void Report(const Places& places, const PlaceFds& fds, const Node& directory,
              std::string_view name, bool is_directory, Seen* seen, Sink* sink);

  bool roots_known_ = false;  // of this cell
  std::size_t count_ = 0;
  std::size_t names_used_ = 0;
  Node nodes_[kMaxDirectories];
  std::uint16_t slots_[kSlots];  // index of a node, plus one
  char names_[kNameBytes];
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_PATH_WATCH_H_
