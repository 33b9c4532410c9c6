#include "signal_relay.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace testcell::cli {
namespace {

constexpr int kRelayed[] = {SIGINT,  SIGTERM, SIGHUP,   SIGQUIT, SIGALRM,
                            SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP};

bool EndsPrograms(int signal) { return signal != SIGWINCH && signal != SIGTSTP; }

// Delivers the signal to this process as if nobody had caught it.
void ActAsUsual(int signal) {
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  ::sigaction(signal, &usual, nullptr);
  ::raise(signal);
  sigset_t one;
  sigset_t before;
  ::sigemptyset(&one);
  ::sigaddset(&one, signal);
  ::sigprocmask(SIG_UNBLOCK, &one, &before);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void DieOf(int signal) {
  ActAsUsual(signal);
  ::_exit(128 + signal);
}

SignalRelay::SignalRelay(internal::Attach attach) : attach_(attach) {
  ::sigemptyset(&relayed_);
  for (const int signal : kRelayed) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) ::sigaddset(&relayed_, signal);
  }
  ::sigprocmask(SIG_BLOCK, &relayed_, &before_);
  // At a terminal this process stops no sooner than the command: to the shell
  // that takes the terminal back it stands for both.
  sigset_t stops;
  ::sigemptyset(&stops);
  for (const int signal : {SIGTTIN, SIGTTOU}) ::sigaddset(&stops, signal);
  ::sigprocmask(SIG_BLOCK, &stops, nullptr);
  fd_ = ::signalfd(-1, &relayed_, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make a signalfd");
}

SignalRelay::~SignalRelay() {
  ::close(fd_);
  RestoreMask();
}

void SignalRelay::RestoreMask() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

void SignalRelay::PassOn(internal::Supervisor* supervisor, int unit) {
  signalfd_siginfo info;
  while (::read(fd_, &info, sizeof info) == sizeof info) {
    const int signal = static_cast<int>(info.ssi_signo);
    const bool from_terminal = info.ssi_code == SI_KERNEL;
    if (from_terminal && signal == SIGINT) interrupted_at_terminal_ = true;
    // The command got it, too.
    if (from_terminal && attach_ == internal::Attach::kTerminal) continue;
    if (signal == SIGTSTP) {
      supervisor->Signal(unit, SIGSTOP, internal::Receiver::kAll);
      continue;
    }
    const auto receiver =
        from_terminal ? internal::Receiver::kItsGroup : internal::Receiver::kTestProcess;
    if (!supervisor->Signal(unit, signal, receiver) && EndsPrograms(signal)) DieOf(signal);
  }
}

void SignalRelay::StopWith(internal::Supervisor* supervisor, int unit, int signal) {
  const bool terminal = attach_ == internal::Attach::kTerminal;
  if (terminal && signal == SIGSTOP) {
    ::raise(SIGSTOP);
  } else {
    // Does nothing where nobody could ever let this process go on.
    ActAsUsual(terminal ? signal : SIGTSTP);
  }
  supervisor->Signal(unit, SIGCONT,
                     terminal ? internal::Receiver::kTestProcess : internal::Receiver::kAll);
}

}  // namespace testcell::cli
