// What it takes several cells to see, or more than rows of a table.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "payloads.h"

namespace {

using namespace payloads;

// Where cells share the host's files: several_test.py names the directory.
void Claim() {
  const std::string pid = std::to_string(::getpid());
  WriteFile("/tmp/name." + pid, "12");
  const std::string shared = std::getenv("ZOO_HOST") + ("/name." + pid);
  ::close(MUST(::open(shared.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600)));
  MUST(BindUnix(MUST(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), "@name-" + pid));
}

// By names that are its process's own.
PAYLOAD(pids_clean) {
  Claim();
  for (int i = 0; i < 5; ++i) {
    const pid_t child = MUST(::fork());
    if (child == 0) {
      Claim();
      ::_exit(0);
    }
    int status;
    MUST(::waitpid(child, &status, 0));
    MUST(status == 0 ? 0 : -1);
  }
}

// The kernel chooses the name.
int Autobind() {
  const int fd = MUST(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  MUST(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address.sun_family));
  return fd;
}
PAYLOAD(autobound_left) { Autobind(); }
PAYLOAD(autobound_clean) { ::close(Autobind()); }

PAYLOAD(names_many_left) {
  for (int i = 0; i < 300; ++i) {
    const int fd = MUST(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    MUST(BindUnix(fd, "@many" + std::to_string(i)));
  }
}
PAYLOAD(fds_many_left) {
  for (int i = 0; i < 600; ++i) MUST(::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}
PAYLOAD(children_many_left) {
  for (int i = 0; i < 40; ++i) StartSleeper();
}

}  // namespace
