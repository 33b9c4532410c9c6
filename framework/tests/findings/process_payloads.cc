#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "payloads.h"

namespace {

using namespace payloads;

PAYLOAD(process_child_left) { StartSleeper(); }
PAYLOAD(process_child_clean) { Stop(StartSleeper()); }

// Once the program is there, with its command line.
pid_t StartCommand() {
  const char* const arguments[] = {"sleep", "1000", nullptr};
  pid_t pid;
  MUST(-::posix_spawnp(&pid, "sleep", nullptr, nullptr, const_cast<char**>(arguments), nullptr));
  const std::string path = "/proc/" + std::to_string(pid) + "/cmdline";
  for (std::string line; line.empty();) {
    std::ifstream file(path);
    std::getline(file, line);
  }
  return pid;
}
PAYLOAD(process_command_left) { StartCommand(); }
PAYLOAD(process_command_clean) { Stop(StartCommand()); }

// The grandchild's id comes back in *daemon.
void StartDaemon(pid_t* daemon) {
  int pipe[2];
  MUST(::pipe2(pipe, O_CLOEXEC));
  const pid_t child = MUST(::fork());
  if (child == 0) {
    ::setsid();
    const pid_t grandchild = StartSleeper();
    MUST(::write(pipe[1], &grandchild, sizeof grandchild));
    ::_exit(0);
  }
  MUST(::read(pipe[0], daemon, sizeof *daemon));
  ::close(pipe[0]);
  ::close(pipe[1]);
  MUST(::waitpid(child, nullptr, 0));
}
PAYLOAD(process_daemon_left) {
  pid_t daemon;
  StartDaemon(&daemon);
}
PAYLOAD(process_daemon_clean) {
  pid_t daemon;
  StartDaemon(&daemon);
  MUST(::kill(daemon, SIGKILL));
}

PAYLOAD(process_stopped_left) {
  const pid_t child = StartSleeper();
  MUST(::kill(child, SIGSTOP));
  MUST(::waitpid(child, nullptr, WUNTRACED));
}

PAYLOAD(process_many_left) {
  for (int i = 0; i < 3; ++i) StartSleeper();
}

PAYLOAD(zombie_left) {
  const pid_t child = MUST(::fork());
  if (child == 0) ::_exit(0);
  siginfo_t info;
  MUST(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT));
}
PAYLOAD(zombie_killed_left) { MUST(::kill(StartSleeper(), SIGKILL)); }
PAYLOAD(zombie_clean) {
  const pid_t child = MUST(::fork());
  if (child == 0) ::_exit(0);
  MUST(::waitpid(child, nullptr, 0));
}
// The kernel reaps for it.
PAYLOAD(zombie_ignored_clean) {
  ::signal(SIGCHLD, SIG_IGN);
  const pid_t child = MUST(::fork());
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  ::signal(SIGCHLD, SIG_DFL);
}

PAYLOAD(popen_clean) {
  std::FILE* const pipe = ::popen("echo hello", "re");
  char text[16];
  MUST(std::fgets(text, sizeof text, pipe) == nullptr ? -1 : 0);
  MUST(::pclose(pipe));
}
PAYLOAD(system_clean) { MUST(std::system("true")); }

}  // namespace
