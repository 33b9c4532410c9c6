// What a test writes to the host's file systems, and leaves there: events of
// whole file systems, of which those count that processes of the cell have
// caused. For cells of root's without a user namespace: the kernel lets nobody
// else watch a file system of the host's. Elsewhere the system calls of the cell
// can say what they mean to do, and the file systems what has come of it.
#ifndef TESTCELL_SRC_PROBE_ESCAPE_WATCH_H_
#define TESTCELL_SRC_PROBE_ESCAPE_WATCH_H_

#include <sys/stat.h>
#include <time.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "posix/unique_fd.h"
#include "probe/file_events.h"
#include "probe/places.h"
#include "probe/seen.h"
#include "probe/sink.h"

namespace testcell::probe {

class EscapeWatch {
 public:
  // In the worker. What it opens is for init, and closed in the test.
  void Watch(const FileEvents& events, const HostFileSystems& systems);
  // The same where only calls will tell.
  void ExpectCalls();
  bool has_events() const { return system_count_ > 0 || written_; }
  // ENOSPC or ENOMEM where the kernel has no room for one more mark; else 0.
  int error() const { return error_; }
  void CloseInTest();

  // Async-signal-safe, no allocation. Events so far are not the next test's.
  void Discard() const;
  // In init: whose deeds come now. `proc` as in PlaceFds; `uses` may be null.
  void Start(const Places& places, int proc, Seen* seen, Sink* uses);
  // True for an event that is none of the cell's own file systems.
  bool Take(const FileEvent& event);
  // The same for file systems that tell but of what was written.
  void TakeWritten();
  enum class Deed {
    kMakes,    // a name, or replaces what has it
    kCreates,  // a file, or writes to what is there
    kWrites,   // to what is there
    kRemoves,
  };
  // A system call is about to do this to a name in a directory; it may fail.
  void TakeCall(int directory, const char* name, Deed deed);
  int proc() const { return proc_; }
  // What was written and is there, and what was there and is gone.
  void Report(bool leaks, Sink* sink);

 private:
  static constexpr std::size_t kMaxSystems = 16;
  static constexpr std::size_t kMaxMounts = 4;
  static constexpr std::size_t kMaxPaths = 4096;
  static constexpr std::size_t kSlots = 2 * kMaxPaths;
  static constexpr std::size_t kTextBytes = 512u << 10;

  struct System {
    __kernel_fsid_t fsid;
    int mounts[kMaxMounts];  // directories on it; -1: none
  };
  struct Entry {
    std::uint32_t path;  // in text_, zero-terminated
    bool was_there;      // before the test
    bool removed;        // by this cell, if it is gone
    bool meant;          // by Options::shared: no leak
    bool use_due;        // if it comes to something
    bool replaced;       // by a file that took its name
    // Of a file that was moved away, by events: which one, and what came of it.
    std::uint64_t home;  // 0: none was
    bool back;
    bool touched;  // or another one came
    // Of what was there, by calls: as it was.
    bool known;
    struct stat before;
  };

  void WatchWritten(int mount);
  bool FindDirectory(const System& system, const FileEvent& event, Text* path) const;
  bool IsOnHost(int fd, const char* path) const;
  bool Find(const char* path, struct stat* status) const;
  bool HasChanged(const struct stat& status) const;
  bool HasChanged(const Entry& entry, const struct stat& status) const;
  bool IsMeant(std::string_view path) const;
  void Note(const Text& path, const FileEvent& event);
  void NoteMove(const FileEvent& event, Entry* entry);
  void TakeNameless(const FileEvent& event);
  void SettleReplaced(const FileEvent& event);
  bool WasThere(std::uint64_t mask, std::uint64_t child) const;
  void NoteUse(std::string_view path);
  Entry* FindEntry(std::string_view path, std::size_t* slot);
  Entry* AddEntry(std::string_view path, bool was_there);

  posix::UniqueFd root_;     // of the host, in the worker's mount namespace
  posix::UniqueFd written_;  // a group of events that come with a descriptor
  std::size_t system_count_;
  System systems_[kMaxSystems];
  timespec started_;
  const Places* places_;
  int proc_;
  Seen* seen_;
  Sink* uses_;
  Seen named_;  // files that events of names were about
  // The name that a file has just got by a move, and what the event behind it
  // may mean: that another one has lost it.
  struct Move {
    Entry* entry;
    pid_t pid;
    std::uint64_t loser;  // 0: none yet
  } move_;
  bool lost_;
  int error_ = 0;
  std::size_t count_;
  std::size_t text_used_;
  Entry entries_[kMaxPaths];
  std::uint16_t slots_[kSlots];  // number of an entry, plus one
  char text_[kTextBytes];
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_ESCAPE_WATCH_H_
