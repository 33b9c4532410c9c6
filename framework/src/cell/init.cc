#include "cell/init.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cell/capture.h"
#include "cell/descendants.h"
#include "cell/fingerprint.h"
#include "cell/insides.h"
#include "cell/user.h"
#include "testcell/internal/kept_cell.h"

namespace testcell::cell {
namespace {

constexpr int kForwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};

std::uint64_t NowNs() {
  timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t Microseconds(const timeval& time) {
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000u +
         static_cast<std::uint64_t>(time.tv_usec);
}

void StartInit(const Context& context) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(context, Step::kInit, errno, "(pdeathsig)");
  // A worker that died before that is not seen by getppid(), which is 0 here.
  pollfd worker{context.worker, POLLIN, 0};
  if (::poll(&worker, 1, 0) > 0) ::_exit(0);
  ::close(context.worker);
  // A session of its own: no signal to a process group, from a terminal or by
  // kill(0), crosses the border.
  if (context.attach != internal::Attach::kTerminal && ::setsid() < 0)
    Fail(context, Step::kInit, errno, "(setsid)");
  // Without a namespace of processes it still is the one that orphans come to.
  if (!context.plan->own_processes && ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
    Fail(context, Step::kInit, errno, "(subreaper)");
}

// What a namespace of processes would do otherwise: the test ends with init, and
// what it sends to its process group does not reach init.
void StandWithoutNamespace(const Context& context, pid_t init) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(context, Step::kInit, errno, "(pdeathsig)");
  if (::getppid() != init) ::_exit(0);
  if (context.attach != internal::Attach::kTerminal) ::setsid();
}

// The order to run; this process ends with the supervisor, or when the cell
// turns out not to be needed.
void AwaitOrder(Context* context) {
  ssize_t size;
  do {
    size = ::recv(context->fds->control, &context->run, sizeof context->run, 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) Fail(*context, Step::kInit, errno, "(order)");
  if (size != sizeof context->run || context->run.kind != protocol::OrderKind::kRun) ::_exit(0);
}

void SetTestDescriptors(const Context& context) {
  const SlotFds& fds = *context.fds;
  if (context.attach == internal::Attach::kNothing &&
      (::dup2(fds.null, STDIN_FILENO) < 0 || ::dup2(fds.output[0], STDOUT_FILENO) < 0 ||
       ::dup2(fds.output[1], STDERR_FILENO) < 0)) {
    Fail(context, Step::kTestDescriptors, errno);
  }
  // The pipes outlive the cell, and so would O_NONBLOCK.
  for (const int fd : {fds.output[0], fds.output[1], fds.results}) ::fcntl(fd, F_SETFL, 0);
  ::close(fds.null);
  ::close(fds.alive);
}

void SetTestLimits(const Context& context) {
  for (const ResourceLimit& limit : context.plan->limits) {
    const rlimit value{limit.soft, limit.hard};
    if (::setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &value) != 0) {
      Fail(context, Step::kLimits, errno);
    }
  }
}

// What a test that others follow shall not have in common with init: a session, whose
// scheduling it may set, and being closed to a debugger.
void LeaveInit(const Context& context) {
  if (::setsid() < 0) Fail(context, Step::kInit, errno, "(setsid)");
  ::prctl(PR_SET_DUMPABLE, context.dumpable, 0, 0, 0);
}

// But for a sanitizer's, which runs nothing of the user's.
bool IsOneThread() {
  const nlink_t threads = probe::HasThreadOfSanitizer() ? 2 : 1;
  struct stat tasks {};
  return ::stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink <= 2 + threads;
}

// Capabilities are given up by each thread for itself.
void ReportThreads(const Context& context) {
  protocol::Report report{};
  report.kind = protocol::ReportKind::kTestHasThreads;
  SendReport(context, report);
}

// In the test process, before anything of the user's runs again.
void BecomeTest(Context* context, mode_t umask_before) {
  context->in_test = true;
  if (context->plan->without_capabilities) RaiseCapabilities(*context);
  if (context->probes != nullptr) context->probes->CloseInTest();
  ::umask(umask_before);
  SetTestDescriptors(*context);
  SetTestLimits(*context);
  if (context->plan->without_capabilities) {
    DropCapabilities(*context);
  } else if (context->plan->user == UserMode::kSelf) {
    DropFilePermissionBypass(*context);
  }
  if (context->reuse) {
    LeaveInit(*context);
    if (!IsOneThread()) ReportThreads(*context);
  }
  if (!context->plan->environment.empty()) {
    environ = const_cast<char**>(context->plan->environ_block.data());
  }
  ::close(context->fds->control);
  ::sigaction(SIGCHLD, &context->signals->child, nullptr);
  ::sigprocmask(SIG_SETMASK, &context->signals->mask, nullptr);
}

void ReportTestEnd(const Context& context, int status, const rusage& usage) {
  protocol::Report report{};
  report.kind = protocol::ReportKind::kTestEnded;
  report.wait_status = status;
  report.cpu_us = Microseconds(usage.ru_utime) + Microseconds(usage.ru_stime);
  report.max_rss_kib = usage.ru_maxrss;
  report.ended_ns = NowNs();
  report.flags = FullSpace(context.space);
  SendReport(context, report);
}

void ReportTestStop(const Context& context, int status) {
  protocol::Report report{};
  report.kind = protocol::ReportKind::kTestStopped;
  report.wait_status = status;
  SendReport(context, report);
}

// True once the test process is gone. Orphans of the cell are reaped on the way.
bool Reap(Context* context) {
  const int stops = context->attach == internal::Attach::kNothing ? 0 : WUNTRACED;
  for (;;) {
    int status;
    rusage usage;
    const pid_t pid = ::wait4(-1, &status, WNOHANG | __WALL | stops, &usage);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return false;
    if (pid != context->test) {
      if (context->probes != nullptr) context->probes->OnOrphan();
      continue;
    }
    if (WIFSTOPPED(status)) {
      ReportTestStop(*context, status);
      continue;
    }
    context->test_status = status;
    ReportTestEnd(*context, status, usage);
    return true;
  }
}

void Forward(const Context& context, int signals) {
  signalfd_siginfo info;
  while (::read(signals, &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    if (signal == probe::CheckpointSignal()) {
      if (context.probes != nullptr) context.probes->Checkpoint();
      continue;
    }
    // Where this is a command's cell signals come as orders: here, as a member
    // of its process group, init gets them only along with it.
    if (signal == SIGCHLD || context.attach != internal::Attach::kNothing) continue;
    ::kill(context.test, signal);
  }
}

void Keep(const Context& context) {
  ::prctl(PR_SET_NAME, internal::kKeptCellName);
  protocol::Report kept{};
  kept.kind = protocol::ReportKind::kKept;
  SendReport(context, kept);
}

// What the supervisor wants to have done; false: that this ends, or it is gone.
bool TakeOrder(const Context& context) {
  protocol::Order order;
  const ssize_t size = ::recv(context.fds->control, &order, sizeof order, MSG_DONTWAIT);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return true;
  if (size != sizeof order) return false;
  if (order.kind == protocol::OrderKind::kKeep) Keep(context);
  if (order.kind == protocol::OrderKind::kLetGo) return false;
  if (order.kind != protocol::OrderKind::kSignal) return true;
  const auto receiver = static_cast<internal::Receiver>(order.receiver);
  const int signal = static_cast<int>(order.signal);
  const bool alone = context.plan->own_processes;  // in a namespace of the cell's own
  if (receiver == internal::Receiver::kTestProcess) {
    ::kill(context.test, signal);
  } else if (receiver == internal::Receiver::kItsGroup) {
    ::kill(alone ? 0 : -context.test, signal);
  } else if (alone) {
    ::kill(-1, signal);
  } else {
    SignalDescendants(signal);
  }
  return true;
}

void Supervise(Context* context, int signals) {
  probe::CellProbes* const probes = context->probes;
  const int sockets = probes != nullptr ? probes->sockets_fd() : -1;
  const int calls = probes != nullptr ? probes->calls_fd() : -1;
  pollfd events[4] = {{signals, POLLIN, 0},
                      {context->fds->control, POLLIN, 0},
                      {sockets, POLLIN, 0},
                      {calls, POLLIN, 0}};
  // A cell may be asked to wait long: the queue of events is to be read meanwhile.
  const int pause_ms = probes != nullptr ? probes->pause_ms() : -1;
  for (;;) {
    if (Reap(context)) return;
    const int ready = ::poll(events, 4, pause_ms);
    if (ready < 0 && errno != EINTR) ::_exit(1);
    if (ready == 0) probes->OnPause();
    if (events[2].revents != 0) probes->OnSockets();
    if ((events[3].revents & POLLIN) != 0) probes->OnCall();
    if (events[1].revents != 0 && !TakeOrder(*context)) ::_exit(0);  // the supervisor is gone
    if (events[0].revents != 0) Forward(*context, signals);
  }
}

// The base tmpfs goes to who takes files out of it, the capture to who reads it.
void ReportReady(const Context& context, int base) {
  protocol::Report ready{};
  ready.kind = protocol::ReportKind::kReady;
  int fds[kMostReportFds];
  int count = 0;
  if (context.hold || !context.plan->carry.empty()) {
    ready.flags |= protocol::kBaseComes;
    fds[count++] = base;
  }
  posix::UniqueFd packets;
  if (context.capture && context.plan->own_net) {
    packets.Reset(OpenCapture());
    if (packets) {
      ready.flags |= protocol::kPacketsCome;
      fds[count++] = packets.get();
    } else {
      ready.error = errno;
    }
  }
  SendReport(context, ready, fds, count);
}

// What is left in the cell goes on as it is, and is served as before.
[[noreturn]] void Hold(Context* context, int signals) {
  context->test = INT_MAX;  // nobody's
  for (;;) Supervise(context, signals);
}

int MakeSignalFd(const Context& context) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  for (const int signal : kForwarded) ::sigaddset(&set, signal);
  if (context.probes != nullptr) ::sigaddset(&set, probe::CheckpointSignal());
  const int fd = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) Fail(context, Step::kInit, errno, "(signalfd)");
  return fd;
}

// Before the first test, so that init can't be traced by whoever has its user id.
std::uint64_t PrepareReuse(Context* context) {
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  const std::uint64_t fingerprint = Fingerprint(*context->plan, *context->probes->place_fds());
  context->reuse = fingerprint != 0;
  return fingerprint;
}

// All are blocked here. Those of the kinds that init takes are done with.
bool HasSignals(int signals) {
  signalfd_siginfo info;
  while (::read(signals, &info, sizeof info) == sizeof info) {
  }
  sigset_t pending;
  if (::sigpending(&pending) != 0) return true;
  // glibc's sigisemptyset() passes over those above 32 (as of 2.36).
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    if (::sigismember(&pending, signal) == 1) return true;
  }
  return false;
}

// After a test that has ended as tests do.
bool IsClean(const Context& context, std::uint64_t fingerprint, int signals) {
  return context.reuse && context.test_status == 0 && context.probes->clean() &&
         !HasSignals(signals) &&
         Fingerprint(*context.plan, *context.probes->place_fds()) == fingerprint;
}

// True in the test process.
bool RunTest(Context* context, int signals, mode_t umask_before) {
  if (context->probes != nullptr) {
    context->probes->Start(context->run.cookie, context->fds->results);
  }
  const pid_t init = ::getpid();
  const bool lower = context->plan->without_capabilities;
  if (lower) LowerCapabilities(*context);
  context->test = ::fork();
  if (context->test < 0) Fail(*context, Step::kForkTest, errno);
  if (context->test == 0) {
    ::close(signals);
    if (!context->plan->own_processes) StandWithoutNamespace(*context, init);
    BecomeTest(context, umask_before);
    return true;
  }
  if (lower) RaiseCapabilities(*context);
  if (context->probes != nullptr) context->probes->SetTest(context->test);
  Supervise(context, signals);
  return false;
}

protocol::Report EndProbes(const Context& context) {
  protocol::Report done{};
  done.kind = protocol::ReportKind::kCellDone;
  if (context.probes == nullptr) return done;
  done.lost_findings = context.probes->End();
  const probe::WatchError error = context.probes->error();
  done.step = static_cast<std::uint32_t>(error.watch);
  done.error = error.error;
  return done;
}

}  // namespace

void RunInit(Context* context) {
  StartInit(*context);
  const mode_t umask_before = ::umask(0);
  posix::UniqueFd routes;  // for as long as this process lives
  posix::UniqueFd base = MakeInsides(*context, &routes);
  context->space = FindSpace(*context->plan);
  if (context->probes != nullptr) {
    context->probes->place_fds()->base = base.get();
    context->probes->Begin(context->plan->places);
  }
  const std::uint64_t fingerprint = context->reuse ? PrepareReuse(context) : 0;
  ReportReady(*context, base.get());
  if (context->probes != nullptr) static_cast<void>(base.Release());  // theirs
  base.Reset();
  AwaitOrder(context);
  const int signals = MakeSignalFd(*context);
  for (;;) {
    if (RunTest(context, signals, umask_before)) return;
    protocol::Report done = EndProbes(*context);
    if (!IsClean(*context, fingerprint, signals)) {
      // The next test may want the ports that they hold.
      if (!context->plan->own_processes) EndDescendants();
      SendReport(*context, done);
      if (context->hold) Hold(context, signals);
      ::_exit(0);
    }
    done.flags = protocol::kCellIsClean;
    context->probes->Renew();
    SendReport(*context, done);
    AwaitOrder(context);
  }
}

}  // namespace testcell::cell
