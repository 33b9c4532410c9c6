#include "probe/own_probes.h"

#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe/probes.h"

namespace testcell::probe {
namespace {

// Were there threads, or children that this process may have waited for?
bool HadOthers() {
  if (__libc_single_threaded == 0) return true;
  rusage children;
  if (::getrusage(RUSAGE_CHILDREN, &children) != 0 || children.ru_minflt > 0) return true;
  // Children that were left are init's to see; those that the kernel reaps by
  // itself nobody counts.
  struct sigaction action;
  return ::sigaction(SIGCHLD, nullptr, &action) != 0 || action.sa_handler == SIG_IGN ||
         (action.sa_flags & SA_NOCLDWAIT) != 0;
}

}  // namespace

OwnProbes::OwnProbes(CellProbes* probes) : probes_(probes), processor_(::sched_getcpu()) {
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) probes_->fds_before()->Update(fd);
  if (probes_->switches().strict) state_ = std::make_unique<ProcessState>();
}

void OwnProbes::CloseLastSocket() {
  Shared* const shared = probes_->shared();
  const std::uint64_t ns = shared->network_namespace;
  shared->last_socket = ns != 0 ? PortWatch::CloseLast(ns) : 0;
  shared->others = HadOthers() || ::sched_getcpu() != processor_ ? 1 : 0;
}

void OwnProbes::SetUser(UsedBy by) {
  if (!probes_->switches().uses || by == by_) return;
  by_ = by;
  Shared* const shared = probes_->shared();
  shared->by = static_cast<std::uint32_t>(by);
  CloseLastSocket();
  const std::uint32_t asked = shared->asked + 1;
  __atomic_store_n(&shared->asked, asked, __ATOMIC_RELEASE);
  // A test that became another user can't ask, and goes on in the old name.
  if (::kill(shared->init, CheckpointSignal()) != 0) return;
  for (;;) {
    const std::uint32_t answered = __atomic_load_n(&shared->answered, __ATOMIC_ACQUIRE);
    if (answered == asked) return;
    ::syscall(SYS_futex, &shared->answered, FUTEX_WAIT, answered, nullptr, nullptr, 0);
  }
}

void OwnProbes::Report(Sink* sink) {
  ReportAll(sink);
  probes_->shared()->lost = sink->lost();
}

void OwnProbes::ReportAll(Sink* sink) {
  const Wanted wanted{probes_->switches().leaks, probes_->switches().uses, nullptr};
  sink->SetUser(by_);
  ReportDescriptors(*probes_->fds_before(), wanted, probes_->shared(), sink);
  if (wanted.uses) CloseLastSocket();
  if (!wanted.leaks) return;
  ReportZombies(probes_->shared(), sink);
  ReportThreads(probes_->libc(), probes_->shared(), sink);
  if (state_ != nullptr) state_->ReportChanges(sink);
}

}  // namespace testcell::probe
