#include "supervisor/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "posix/own_signals.h"

namespace testcell::supervisor {
namespace {

// Dies with its parent; a parent that is gone already is seen by its id.
void DieWith(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
}

void MoveUp(int* fd, int lowest) {
  const int moved = ::fcntl(*fd, F_DUPFD_CLOEXEC, lowest);
  if (moved < 0) return;  // a low limit: the test sees a few numbers taken
  ::close(*fd);
  *fd = moved;
}

void ForEachFd(cell::SlotFds* fds, const std::function<void(int*)>& action) {
  action(&fds->control);
  action(&fds->results);
  action(&fds->null);
  const bool one = fds->output[0] == fds->output[1];
  action(&fds->output[0]);
  if (one) {
    fds->output[1] = fds->output[0];
  } else {
    action(&fds->output[1]);
  }
}

// Out of the way of the numbers that a plain run would give to a test, yet no
// higher than needed: every fork copies the table up to the highest.
void MoveFdsUp(std::vector<cell::WorkerSettings>* workers) {
  constexpr rlim_t kHighest = 1024;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int room = static_cast<int>(std::min(limit.rlim_cur, kHighest));
  const int lowest = std::max(3, room - static_cast<int>(workers->size()) * 5);
  for (auto& worker : *workers) {
    ForEachFd(&worker.fds, [&](int* fd) { MoveUp(fd, lowest); });
  }
}

// A worker that runs.
struct Place {
  pid_t pid = -1;
  posix::UniqueFd alive;  // at its end when the worker and its cell are gone
};

void CloseOthers(std::vector<cell::WorkerSettings>* workers, std::size_t mine) {
  for (std::size_t i = 0; i < workers->size(); ++i) {
    if (i != mine) ForEachFd(&(*workers)[i].fds, [](int* fd) { ::close(*fd); });
  }
}

// Only a process of one thread may enter a user namespace, and a handler of
// pthread_atfork() may start another: ThreadSanitizer's does. Such a worker is
// forked without the handlers, which have little to do: the keeper has no other
// thread either, unless one of them started it.
pid_t Fork(const cell::WorkerSettings& worker) {
#if !defined(__GLIBC__) || __GLIBC_PREREQ(2, 34)
  if (worker.user != cell::UserMode::kNone) return ::_Fork();
#endif
  return ::fork();
}

// The end of all descriptors of that slot tells the supervisor that nobody is there.
void TellOfFailedFork(cell::WorkerSettings* worker, int error) {
  cell::Context context;
  context.fds = &worker->fds;
  cell::SendFailure(context, cell::Step::kForkWorker, error, "");
  ForEachFd(&worker->fds, [](int* fd) {
    ::close(*fd);
    *fd = -1;
  });
}

// False in a test process, with *setup filled in.
bool ForkWorker(KeeperSettings* settings, std::vector<Place>* places, std::size_t number,
                TestSetup* setup) {
  const pid_t keeper = ::getpid();
  cell::WorkerSettings& mine = settings->workers[number];
  int alive[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, alive) != 0) {
    alive[0] = alive[1] = -1;  // then nobody waits for its end
  }
  Place& place = (*places)[number];
  place.alive.Reset(alive[0]);
  place.pid = Fork(mine);
  if (place.pid != 0) {
    const int error = errno;
    ::close(alive[1]);
    if (place.pid < 0) TellOfFailedFork(&mine, error);
    return true;
  }
  DieWith(keeper);
  mine.fds.keepers = place.alive.Release();
  places->clear();
  CloseOthers(&settings->workers, number);
  mine.fds.alive = alive[1];
  setup->order = cell::RunWorker(mine);
  setup->fds = mine.fds;
  setup->lifeboat = settings->lifeboats[number];
  return false;
}

// The cell of a worker that was killed dies after it, and must not hear what is
// said to the next.
void AwaitEnd(const posix::UniqueFd& alive) {
  char byte;
  ssize_t size = 0;
  do {
    if (alive) size = ::recv(alive.get(), &byte, sizeof byte, 0);
  } while (size > 0 || (size < 0 && errno == EINTR));
}

// With namespaces of their own, what is left of cells is below their inits: those that
// outlive their workers become this process's children, to be waited for.
void TakeInits(const KeeperSettings& settings) {
  for (const cell::WorkerSettings& worker : settings.workers) {
    for (const auto& plan : *worker.plans) {
      if (!plan->own_processes) return;
    }
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

// Waits until something has ended. True: this is to be the end of all.
bool AwaitNews() {
  sigset_t expected;
  ::sigemptyset(&expected);
  ::sigaddset(&expected, SIGCHLD);
  ::sigaddset(&expected, EndSignal());
  return ::sigwaitinfo(&expected, nullptr) == EndSignal();
}

[[noreturn]] void EndAll(const std::vector<Place>& places) {
  for (const Place& place : places) {
    if (place.pid > 0) ::kill(place.pid, SIGKILL);
  }
  while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) continue;
  ::_exit(0);
}

// One that exited has said why; one that was killed is replaced. Null: none has ended.
Place* FindKilled(std::vector<Place>* places) {
  for (;;) {
    int status = 0;
    const pid_t pid = ::waitpid(-1, &status, WNOHANG | __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) ::_exit(0);  // no worker is left
    if (pid == 0) return nullptr;
    const auto dead = std::find_if(places->begin(), places->end(),
                                   [pid](const Place& place) { return place.pid == pid; });
    if (dead == places->end()) continue;
    dead->pid = -1;
    if (WIFSIGNALED(status)) return &*dead;
  }
}

}  // namespace

int EndSignal() { return SIGRTMAX; }

TestSetup RunKeeper(KeeperSettings settings) {
  DieWith(settings.supervisor);
  // Out of the terminal's foreground group: Ctrl-C is the supervisor's to
  // hear, and its to answer.
  if (settings.attach != internal::Attach::kTerminal) ::setsid();
  posix::BlockAllSignals();
  posix::HearOfChildren();
  for (const auto& [signal, action] : settings.dispositions) {
    ::sigaction(signal, &action, nullptr);
  }
  for (const int fd : settings.supervisor_fds) ::close(fd);
  MoveFdsUp(&settings.workers);
  TakeInits(settings);
  if (settings.on_fork) settings.on_fork();

  TestSetup setup;
  std::vector<Place> places(settings.workers.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!ForkWorker(&settings, &places, i, &setup)) return setup;
  }
  for (;;) {
    while (Place* const killed = FindKilled(&places)) {
      AwaitEnd(killed->alive);
      const auto number = static_cast<std::size_t>(killed - places.data());
      ++settings.workers[number].epoch;
      if (!ForkWorker(&settings, &places, number, &setup)) return setup;
    }
    if (AwaitNews()) EndAll(places);
  }
}

}  // namespace testcell::supervisor
