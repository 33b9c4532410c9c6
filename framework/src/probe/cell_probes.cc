#include "probe/cell_probes.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <new>

#include "probe/files.h"
#include "probe/mounts.h"
#include "probe/probes.h"

namespace testcell::probe {
namespace {

void* MapZero(std::size_t size, int sharing) {
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

// The supervisor reads all the while, so this waits only as long as it is
// behind. A test may have made the pipe non-blocking.
bool WriteFrame(void* target, std::string_view frame) {
  const int fd = *static_cast<const int*>(target);
  constexpr int kTries = 10;
  constexpr int kTryMs = 1000;
  for (int left = kTries; left > 0;) {
    const ssize_t size = ::write(fd, frame.data(), frame.size());
    if (size == static_cast<ssize_t>(frame.size())) return true;
    if (size < 0 && errno == EINTR) continue;
    if (size >= 0 || errno != EAGAIN) return false;
    pollfd event{fd, POLLOUT, 0};
    ::poll(&event, 1, kTryMs);
    --left;
  }
  return false;
}

UsedBy ToUser(std::uint32_t number) {
  return number <= static_cast<std::uint32_t>(UsedBy::kEnvironment) ? static_cast<UsedBy>(number)
                                                                    : UsedBy::kTest;
}

void Close(int* fd) {
  if (*fd >= 0) ::close(*fd);
  *fd = -1;
}

}  // namespace

// Pages that are never touched are never there, and need no copy in a fork.
CellProbes* CellProbes::Make(const Switches& switches, const HostFileSystems& systems) {
  void* const memory = MapZero(sizeof(CellProbes), MAP_PRIVATE);
  void* const shared = MapZero(sizeof(Shared), MAP_SHARED);
  if (memory == nullptr || shared == nullptr) return nullptr;
  auto* const probes = new (memory) CellProbes;
  probes->switches_ = switches;
  probes->shared_ = static_cast<Shared*>(shared);
  probes->fds_before_.Fill();
  probes->libc_.Find();
  if (!switches.uses && systems.empty()) return probes;
  probes->file_events_.Open();
  if (!systems.empty()) probes->escapes_.Watch(probes->file_events_, systems);
  if (probes->WatchesCalls()) probes->escapes_.ExpectCalls();
  return probes;
}

// Of an earlier test.
void CellProbes::Forget() {
  seen_.Clear();
  shared_->asked = shared_->answered = 0;
  shared_->child_count = shared_->socket_count = shared_->name_count = 0;
  shared_->last_socket = shared_->network_namespace = 0;
  shared_->others = shared_->lost = shared_->unseen = 0;
}

void CellProbes::Begin(const Places& places) {
  places_ = &places;
  Forget();
  if (switches_.leaks) {
    inodes_before_ = CountInodes(place_fds_);
    newest_mount_ = NewestMount();
  }
  ports_.Reset();
  calls_.Reset();
  if (switches_.uses) {
    mark_error_ = paths_.Mark(file_events_, place_fds_);
    if (places.own_net) ports_.Open();
    if (places.own_net) shared_->network_namespace = ports_.NetworkNamespace();
  }
}

void CellProbes::Renew() {
  Forget();
  paths_.Forget();
  ports_.Forget();
  if (ports_.fd() >= 0) shared_->network_namespace = ports_.NetworkNamespace();
}

void CellProbes::Start(std::uint64_t cookie, int results) {
  results_ = results;
  shared_->init = ::getpid();
  shared_->own_proc = places_->own_proc ? 1 : 0;
  by_ = UsedBy::kTest;
  others_ = false;
  kept_size_ = 0;
  sink_.Start(cookie, WriteFrame, &results_);
  DiscardFiles();  // of the last cell's end, and of the host
  escapes_.Start(*places_, place_fds_.proc, &seen_, switches_.uses ? &sink_ : nullptr);
  // It asks for the memory of processes by their ids in the cell.
  const bool same_ids = places_->own_proc || !places_->own_processes;
  if (same_ids && (WatchesCalls() || switches_.connections)) {
    calls_.Install({WatchesCalls(), escapes_.has_events(), switches_.connections},
                   shared_->network_namespace);
  }
}

void CellProbes::Checkpoint() {
  const std::uint32_t asked = __atomic_load_n(&shared_->asked, __ATOMIC_ACQUIRE);
  if (asked == shared_->answered) return;
  if (switches_.uses) {
    ReportObjects(false);
    ReportUses(true);
  }
  by_ = ToUser(shared_->by);
  sink_.SetUser(by_);
  __atomic_store_n(&shared_->answered, asked, __ATOMIC_RELEASE);
  ::syscall(SYS_futex, &shared_->answered, FUTEX_WAKE, std::numeric_limits<int>::max(), nullptr,
            nullptr, 0);
}

std::uint32_t CellProbes::End() {
  const bool processes = HasProcesses();
  DrainFiles();
  if (switches_.leaks) ReportLeaks(processes);
  escapes_.Report(switches_.leaks, &sink_);
  ReportObjects(switches_.leaks);
  // Last, for the kernel tells of sockets when it comes to it.
  if (switches_.uses) ReportUses(processes);
  // Files may be left that are no leak: a tool's own, or the mark of one that is gone.
  clean_ = switches_.leaks && !processes && !sink_.any_leaks() && sink_.lost() == 0 &&
           shared_->lost == 0 && error().error == 0 && CountInodes(place_fds_) == inodes_before_;
  return sink_.lost() + shared_->lost;
}

// Reaps what has ended. True if a process of the cell is left.
bool CellProbes::HasProcesses() {
  for (;;) {
    const pid_t pid = ::waitpid(-1, nullptr, WNOHANG | __WALL);
    if (pid == 0) return true;
    if (pid < 0 && errno != EINTR) return false;
    if (pid > 0) OnOrphan();
  }
}

void CellProbes::ReportLeaks(bool processes) {
  if (processes) ReportProcesses(place_fds_.proc, *shared_, test_, &sink_);
  if (processes) ReportSockets(place_fds_.proc, *shared_, fds_before_, &sink_);
  if (places_->own_net) ReportInterfaces(place_fds_.base, &sink_);
  if (CountInodes(place_fds_) != inodes_before_) ReportFiles(*places_, place_fds_, &sink_);
  if (places_->own_mounts) ReportMounts(newest_mount_, &sink_);
  if (shared_->unseen != 0) sink_.Lose(1);
}

WatchError CellProbes::error() const {
  if (file_events_.error() != 0) return {protocol::Watch::kFiles, file_events_.error()};
  if (escapes_.error() != 0) return {protocol::Watch::kMarks, escapes_.error()};
  if (switches_.uses && mark_error_ != 0) return {protocol::Watch::kMarks, mark_error_};
  if (switches_.uses && ports_.error() != 0) return {protocol::Watch::kPorts, ports_.error()};
  return {};
}

int CellProbes::pause_ms() const {
  constexpr int kPauseMs = 100;  // in which the host fills no queue of 16,384 events
  return escapes_.has_events() ? kPauseMs : -1;
}

void CellProbes::DiscardFiles() const {
  file_events_.Discard();
  escapes_.Discard();
}

bool CellProbes::Keep(const FileEvent& event) {
  if (event.bytes.size() > kKeptBytes - kept_size_) return false;
  ::memcpy(kept_ + kept_size_, event.bytes.data(), event.bytes.size());
  kept_size_ += event.bytes.size();
  return true;
}

// Only the host's: what has been opened in a copy-on-write directory is yet to
// be written to.
void CellProbes::OnPause() {
  file_events_.Drain([&](const FileEvent& event) {
    const bool overflow = (event.mask & FAN_Q_OVERFLOW) != 0;
    if (!overflow && (escapes_.Take(event) || !switches_.uses || Keep(event))) return;
    TakeFile(event);
  });
  escapes_.TakeWritten();
}

void CellProbes::TakeFile(const FileEvent& event) {
  if ((event.mask & FAN_Q_OVERFLOW) != 0) {
    sink_.Lose(1);
  } else if (!escapes_.Take(event) && switches_.uses) {
    paths_.Take(event, *places_, place_fds_, &seen_, &sink_);
  }
}

void CellProbes::DrainFiles() {
  ForEachEvent(kept_, static_cast<ssize_t>(kept_size_),
               [this](const fanotify_event_metadata& event, std::string_view bytes) {
                 TakeFile(ReadFileEvent(event, bytes));
               });
  kept_size_ = 0;
  file_events_.Drain([&](const FileEvent& event) { TakeFile(event); });
  escapes_.TakeWritten();
}

// What is a leak and a use alike.
void CellProbes::ReportObjects(bool leaks) {
  // What was seen when it was taken is not to be told again by what is there.
  const bool uses = switches_.uses && calls_.fd() < 0;
  const Wanted wanted{leaks, uses, &seen_};
  const Wanted state{leaks && switches_.strict, uses, &seen_};
  if (places_->own_ipc) ReportSysv(wanted, &sink_);
  if (places_->own_ipc) ReportMessageQueues(place_fds_.mqueue, wanted, &sink_);
  ReportHostName(places_->host_name.c_str(), state, &sink_);
}

// What the test process had open at its end.
void CellProbes::NoteOwnSockets() {
  const std::uint32_t count = std::min(shared_->socket_count, Shared::kMaxSockets);
  for (std::uint32_t i = 0; i < count; ++i) ports_.Note(shared_->sockets[i], &seen_, &sink_);
  const std::uint32_t names = std::min(shared_->name_count, Shared::kMaxNames);
  if (calls_.fd() >= 0) return;  // each name was seen when it was taken
  sink_.Lose(shared_->name_count - names);
  for (std::uint32_t i = 0; i < names; ++i) {
    const Shared::AbstractName& name = shared_->names[i];
    posix::UnixSocket socket;
    socket.abstract = true;
    socket.inode = name.inode;
    socket.name = {name.bytes, std::min<std::size_t>(name.size, sizeof name.bytes)};
    NoteAbstractName(socket, &seen_, &sink_);
  }
}

// `bound`: there may be sockets that live.
void CellProbes::ReportUses(bool bound) {
  DrainFiles();
  if (!places_->own_net) return;
  if (bound) NoteBoundPorts(&ports_, &seen_, &sink_);
  if (bound && calls_.fd() < 0) NoteAbstractNames(&seen_, &sink_);
  NoteOwnSockets();
  // Where there was more than a test process on one processor.
  const bool elsewhere = shared_->others != 0 || others_ || bound;
  ports_.AwaitTest(shared_->last_socket, elsewhere, &seen_, &sink_);
}

void CellProbes::CloseInTest() {
  if (file_events_.fd() >= 0) ::close(file_events_.fd());
  escapes_.CloseInTest();
  ports_.Close();
  if (calls_.fd() >= 0) ::close(calls_.fd());
  Close(&place_fds_.base);
  Close(&place_fds_.shm);
  Close(&place_fds_.mqueue);
  Close(&place_fds_.proc);
  for (std::size_t i = 0; i < places_->lowers.size(); ++i) {
    if (places_->lowers[i]) Close(&place_fds_.host_paths[i]);
  }
}

}  // namespace testcell::probe
