#include "terminal.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace testcell::cli {

Terminal::Terminal() {
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (::tcgetsid(fd) != ::getsid(0) || ::tcgetattr(fd, &settings_) != 0) continue;
    attach_ = internal::Attach::kTerminal;
    fd_ = fd;
    return;
  }
}

void Terminal::TakeBack(bool died) const {
  if (fd_ < 0) return;
  sigset_t output;
  sigset_t before;
  ::sigemptyset(&output);
  ::sigaddset(&output, SIGTTOU);
  ::sigprocmask(SIG_BLOCK, &output, &before);
  const pid_t front = ::tcgetpgrp(fd_);
  // A live group that is not ours is that of somebody who took the terminal
  // from us by right: a shell that put us in the background.
  if (front > 0 && front != ::getpgrp() && ::kill(-front, 0) != 0 && errno == ESRCH) {
    ::tcsetpgrp(fd_, ::getpgrp());
  }
  if (died && ::tcgetpgrp(fd_) == ::getpgrp()) ::tcsetattr(fd_, TCSADRAIN, &settings_);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace testcell::cli
