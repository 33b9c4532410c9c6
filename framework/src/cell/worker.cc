#include "cell/worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell/clone.h"
#include "cell/descendants.h"
#include "cell/init.h"
#include "cell/user.h"
#include "posix/fd_passing.h"

namespace testcell::cell {
namespace {

void SendHello(const Context& context, std::uint32_t epoch) {
  protocol::Report report{};
  report.kind = protocol::ReportKind::kHello;
  report.flags = epoch;
  SendReport(context, report);
}

void SendIdle(const Context& context, int wait_status) {
  protocol::Report report{};
  report.kind = protocol::ReportKind::kIdle;
  report.wait_status = wait_status;
  SendReport(context, report);
}

// To close a fanotify group takes milliseconds where others have just been closed, or
// file systems with marks been unmounted (fsnotify_destroy_group(), as of Linux 6.18),
// and this process's end is waited for. So the last to hold it is a socket that waits
// to be received from itself, which the kernel clears away by a thread of its own
// (since Linux 6.10).
void LeaveGroup(const Context& context) {
  const SlotFds& fds = *context.fds;
  const int passed[] = {context.probes != nullptr ? context.probes->group() : -1, fds.keepers};
  if (passed[0] >= 0) {
    char byte = 0;
    iovec data{&byte, sizeof byte};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    posix::PassedFds control;
    control.AddTo(&message, passed, 2);
    ::sendmsg(fds.alive, &message, MSG_NOSIGNAL | MSG_DONTWAIT);  // else it takes longer
  }
  ::close(fds.keepers);
}

// False when the supervisor is gone.
bool Receive(const Context& context, protocol::Order* order) {
  const int control = context.fds->control;
  const int pause_ms = context.probes != nullptr ? context.probes->pause_ms() : -1;
  pollfd event{control, POLLIN, 0};
  // What others do to watched files shall not pile up meanwhile.
  while (pause_ms >= 0 && ::poll(&event, 1, pause_ms) <= 0) context.probes->DiscardFiles();
  ssize_t size;
  do {
    size = ::recv(control, order, sizeof *order, 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) Fail(context, Step::kInit, errno, "(order)");
  return size == sizeof *order;
}

void InitEntry(void* context) { RunInit(static_cast<Context*>(context)); }

// True in the test process.
bool MakeCell(const WorkerSettings& settings, const protocol::Order& order, Context* context) {
  context->plan = (*settings.plans)[order.plan].get();
  // What a killed init leaves comes to this process.
  if (!context->plan->own_processes) ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  context->share_working_directory = (order.flags & protocol::kSharedWorkingDirectory) != 0;
  context->hold = (order.flags & protocol::kHoldCell) != 0;
  context->capture = (order.flags & protocol::kCaptureLoopback) != 0;
  context->reuse = (order.flags & protocol::kReuseCell) != 0;
  const long init = CloneInit(context->plan->namespaces, InitEntry, context);
  if (init == 0) return true;
  int status = 0;
  if (init < 0) {
    int error = errno;
    const Step step = FindRefused(context->plan->namespaces, &error);
    SendFailure(*context, step, error, "");
  } else {
    while (::waitpid(static_cast<pid_t>(init), &status, __WALL) < 0 && errno == EINTR) {
    }
    // Init has given up what they share.
    if (context->reuse) ::prctl(PR_SET_DUMPABLE, context->dumpable, 0, 0, 0);
    // What init could not end itself, for it was killed.
    if (!context->plan->own_processes) EndDescendants();
  }
  SendIdle(*context, status);
  return false;
}

}  // namespace

TestOrder RunWorker(const WorkerSettings& settings) {
  Context context;
  context.fds = &settings.fds;
  context.signals = settings.signals;
  context.attach = settings.attach;
  context.worker = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
  if (!EnterUserNamespace(context, settings.user, settings.uid, settings.gid)) ::_exit(1);
  context.dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (settings.probes.any()) {
    // The kernel lets nobody else watch a file system of the host's.
    const bool may_watch = settings.user == UserMode::kNone && !settings.probes.connections;
    context.probes = probe::CellProbes::Make(
        settings.probes, may_watch ? *settings.file_systems : probe::HostFileSystems());
    if (context.probes == nullptr) Fail(context, Step::kInit, ENOMEM, "(memory for findings)");
  }
  LeaveGroup(context);
  SendHello(context, settings.epoch);
  protocol::Order order;
  while (Receive(context, &order)) {
    if (order.kind != protocol::OrderKind::kMake || order.epoch != settings.epoch) continue;
    if (MakeCell(settings, order, &context)) {
      return {context.run.unit, context.run.cookie, context.plan, context.space, context.probes};
    }
  }
  ::_exit(0);
}

}  // namespace testcell::cell
