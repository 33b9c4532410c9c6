#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "payloads.h"

namespace {

using namespace payloads;

PAYLOAD(fd_file_left) { MUST(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)); }
PAYLOAD(fd_file_clean) { ::close(MUST(::open("/etc/passwd", O_RDONLY | O_CLOEXEC))); }

PAYLOAD(fd_deleted_file_left) {
  MUST(::open("/tmp/gone", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  MUST(::unlink("/tmp/gone"));
}

PAYLOAD(fd_pipe_left) {
  int pipe[2];
  MUST(::pipe2(pipe, O_CLOEXEC));
}
PAYLOAD(fd_pipe_clean) {
  int pipe[2];
  MUST(::pipe2(pipe, O_CLOEXEC));
  ::close(pipe[0]);
  ::close(pipe[1]);
}

PAYLOAD(fd_anonymous_left) {
  MUST(::epoll_create1(EPOLL_CLOEXEC));
  MUST(::eventfd(0, EFD_CLOEXEC));
  MUST(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  MUST(::inotify_init1(IN_CLOEXEC));
  MUST(::memfd_create("scratch", MFD_CLOEXEC));
}
PAYLOAD(fd_anonymous_clean) {
  ::close(MUST(::epoll_create1(EPOLL_CLOEXEC)));
  ::close(MUST(::eventfd(0, EFD_CLOEXEC)));
  ::close(MUST(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)));
  ::close(MUST(::inotify_init1(IN_CLOEXEC)));
  ::close(MUST(::memfd_create("scratch", MFD_CLOEXEC)));
}

PAYLOAD(fd_directory_left) { MUST(::open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
PAYLOAD(fd_stdio_left) { MUST(std::fopen("/etc/passwd", "re") == nullptr ? -1 : 0); }

// The number was open before the test, on something else.
PAYLOAD(fd_stdin_replaced) {
  const int fd = MUST(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  MUST(::dup2(fd, STDIN_FILENO));
  ::close(fd);
}
PAYLOAD(fd_stdout_restored_clean) {
  const int saved = MUST(::dup(STDOUT_FILENO));
  const int file = MUST(::open("/tmp/capture", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  MUST(::dup2(file, STDOUT_FILENO));
  ::close(file);
  MUST(::dup2(saved, STDOUT_FILENO));
  ::close(saved);
  MUST(::unlink("/tmp/capture"));
}

// Everything, and so the way to tell of it.
PAYLOAD(fd_all_closed_then_leaked) {
  for (int fd = 3; fd < 1024; ++fd) ::close(fd);
  MUST(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}
// No number is left for a probe to open anything.
PAYLOAD(fd_all_numbers_taken) {
  const rlimit few{5, 5};
  MUST(::setrlimit(RLIMIT_NOFILE, &few));
  const int first = MUST(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
  MUST(::dup(first));
}

PAYLOAD(syslog_clean) { ::syslog(LOG_DEBUG, "hello"); }

PAYLOAD(mkstemp_clean) {
  char path[] = "/tmp/scratch.XXXXXX";
  ::close(MUST(::mkstemp(path)));
  MUST(::unlink(path));
}
PAYLOAD(tmpfile_clean) {
  std::FILE* const file = std::tmpfile();
  MUST(std::fclose(file));
}

}  // namespace
