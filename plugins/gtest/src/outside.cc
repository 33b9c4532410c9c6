#include "outside.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

namespace testcell {
namespace internal {
namespace {

constexpr std::size_t kMostPrinted = 4096;  // bytes

// A descriptor that is closed at the end of its scope.
class ScopedFd {
 public:
  explicit ScopedFd(int fd) : fd_(fd) {}
  ScopedFd(const ScopedFd&) = delete;
  ScopedFd& operator=(const ScopedFd&) = delete;
  ~ScopedFd() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const { return fd_; }

 private:
  int fd_;
};

// It goes with its parent, which is not to be stopped by what it does.
void BecomeOutside(pid_t parent, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent || ::setpgid(0, 0) != 0) ::_exit(1);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (::dup2(null, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
      ::dup2(output, STDERR_FILENO) < 0) {
    ::_exit(1);
  }
}

// False if the time was over first. Whoever is left in its group goes, too.
bool AwaitOutside(pid_t child, std::chrono::milliseconds limit, int* status) {
  ::setpgid(child, child);
  const ScopedFd process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  pollfd event{process.get(), POLLIN, 0};
  const int timeout = limit.count() == 0 ? -1 : static_cast<int>(limit.count());
  int ready = 1;
  if (process.get() < 0) {  // no pidfds here: without a time limit then
    siginfo_t ended;
    while (::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
  }
  while (process.get() >= 0 && (ready = ::poll(&event, 1, timeout)) < 0 && errno == EINTR) {
  }
  // Before the group's number may be another's.
  ::kill(-child, SIGKILL);
  while (::waitpid(child, status, 0) < 0 && errno == EINTR) {
  }
  return ready > 0;
}

std::string EndOf(int file) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  const off_t kept = std::min<off_t>(size, kMostPrinted);
  std::string text(static_cast<std::size_t>(std::max<off_t>(kept, 0)), '\0');
  const ssize_t got = ::pread(file, &text[0], text.size(), size - kept);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

OutsideRun NoRun(const char* what, const char* call) {
  OutsideRun run;
  run.error = std::string("can't ") + what + ": " + call + ": " + std::strerror(errno);
  return run;
}

}  // namespace

OutsideRun RunOutsideOfCells(std::chrono::milliseconds limit, const std::function<void()>& body) {
  const ScopedFd output(::memfd_create("testcell-output", MFD_CLOEXEC));
  if (output.get() < 0) return NoRun("keep the test's output", "memfd_create");
  // What waits in a buffer would be written by the test process again.
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return NoRun("run the test in a process of its own", "fork");
  if (child == 0) {
    BecomeOutside(parent, output.get());
    body();
    ::_exit(1);
  }
  OutsideRun run;
  run.ended = AwaitOutside(child, limit, &run.status);
  run.printed = EndOf(output.get());
  return run;
}

}  // namespace internal
}  // namespace testcell
