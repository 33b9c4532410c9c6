// Writes what it was started with, then "reported", and waits for the end.
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace {

void ReportDescriptors() {
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory)) {
    const std::string name = entry->d_name;
    if (name[0] == '.' || ::atoi(name.c_str()) == ::dirfd(directory)) continue;
    char target[4096] = {};
    if (::readlink(("/proc/self/fd/" + name).c_str(), target, sizeof(target) - 1) < 0) continue;
    ::printf("fd %s %s\n", name.c_str(), target);
  }
  ::closedir(directory);
}

void ReportSignals() {
  sigset_t blocked;
  ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
  for (int signal = 1; signal < NSIG; ++signal) {
    if (::sigismember(&blocked, signal) == 1) ::printf("blocked %d\n", signal);
    struct sigaction action = {};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) {
      ::printf("ignored %d\n", signal);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  ReportDescriptors();
  ReportSignals();
  ::printf("leads its group: %s\n", ::getpgrp() == ::getpid() ? "yes" : "no");
  char directory[4096] = {};
  if (::getcwd(directory, sizeof(directory)) != nullptr) ::printf("directory %s\n", directory);
  for (int i = 1; i < argc; ++i) ::printf("argument [%s]\n", argv[i]);
  for (const char* name : {"SERVER_TEST_SET", "SERVER_TEST_UNSET"}) {
    const char* value = ::getenv(name);
    ::printf("%s=%s\n", name, value == nullptr ? "(unset)" : value);
  }
  ::puts("reported");
  ::fflush(stdout);
  while (true) ::pause();
}
