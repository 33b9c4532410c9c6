#include "cell/trial.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cell/clone.h"
#include "cell/insides.h"
#include "cell/user.h"
#include "posix/own_signals.h"
#include "posix/unique_fd.h"
#include "protocol/control.h"

namespace testcell::cell {
namespace {

constexpr int kLimitMs = 60'000;  // for what takes milliseconds, on a host that does much else

void MakeAndLeave(void* argument) {
  const auto& context = *static_cast<const Context*>(argument);
  posix::UniqueFd routes;
  MakeInsides(context, &routes);
  protocol::Report ready{};
  ready.kind = protocol::ReportKind::kReady;
  SendReport(context, ready);
  ::_exit(0);
}

// As a worker does it, and its init.
[[noreturn]] void Make(const Plan& plan, int control, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);
  posix::BlockAllSignals();
  posix::HearOfChildren();
  SlotFds fds;
  fds.control = control;
  Context context;
  context.fds = &fds;
  context.plan = &plan;
  if (!EnterUserNamespace(context, plan.user, plan.uid, plan.gid)) ::_exit(1);
  const long init = CloneInit(plan.namespaces, MakeAndLeave, &context);
  if (init < 0) {
    int error = errno;
    const Step step = FindRefused(plan.namespaces, &error);
    SendFailure(context, step, error, "");
    ::_exit(1);
  }
  while (::waitpid(static_cast<pid_t>(init), nullptr, __WALL) < 0 && errno == EINTR) {
  }
  ::_exit(0);
}

// Without the handlers of pthread_atfork(), where a user namespace is entered:
// ThreadSanitizer's starts a thread, and a process of two can't enter one.
pid_t Fork(const Plan& plan) {
#if !defined(__GLIBC__) || __GLIBC_PREREQ(2, 34)
  if (plan.user != UserMode::kNone) return ::_Fork();
#endif
  static_cast<void>(plan);
  return ::fork();
}

// The first that is said; nothing more matters.
Trial Hear(int control) {
  Trial trial;
  trial.error = ETIMEDOUT;
  pollfd event{control, POLLIN, 0};
  int ready;
  do {
    ready = ::poll(&event, 1, kLimitMs);
  } while (ready < 0 && errno == EINTR);
  protocol::Report report;
  if (ready <= 0 || ::recv(control, &report, sizeof report, 0) != sizeof report) return trial;
  trial.stands = report.kind == protocol::ReportKind::kReady;
  trial.step = static_cast<Step>(report.step);
  trial.error = report.error;
  trial.detail.assign(report.detail, ::strnlen(report.detail, sizeof report.detail));
  return trial;
}

}  // namespace

Trial TryCell(const Plan& plan) {
  Trial trial;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    trial.error = errno;
    return trial;
  }
  posix::UniqueFd ours(ends[0]);
  posix::UniqueFd theirs(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t child = Fork(plan);
  if (child == 0) Make(plan, theirs.get(), parent);
  if (child < 0) {
    trial.step = Step::kClone;
    trial.error = errno;
    return trial;
  }
  theirs.Reset();
  trial = Hear(ours.get());
  if (trial.error == ETIMEDOUT) ::kill(child, SIGKILL);
  // ECHILD: the program reaps, or ignores, its children by itself.
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return trial;
}

}  // namespace testcell::cell
