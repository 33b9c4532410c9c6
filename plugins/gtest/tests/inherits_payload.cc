// Says what a test process, and a program that it executes, have of what was
// there before: one line a thing, for inherits_test.py.
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "testcell/gtest.h"

namespace {

std::string g_program;

std::string LinkTo(const std::string& path) {
  char text[4096];
  const ssize_t size = ::readlink(path.c_str(), text, sizeof text);
  return size < 0 ? "?" : std::string(text, static_cast<std::size_t>(size));
}

void PrintDescriptors() {
  DIR* const directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return;  // then no descriptor is found, and that is noticed
  while (const dirent* const entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd == ::dirfd(directory)) continue;
    const bool stays = (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
    std::printf("fd %d %s %s\n", fd, stays ? "stays" : "cloexec",
                LinkTo("/proc/self/fd/" + std::string(entry->d_name)).c_str());
  }
  ::closedir(directory);
}

void PrintEnvironment() {
  for (char** variable = environ; *variable != nullptr; ++variable) {
    std::printf("env %s\n", *variable);
  }
}

TEST(Test, SaysWhatItHas) {
  PrintDescriptors();
  PrintEnvironment();
}

TEST(Test, ExecutesAProgram) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) ::execl(g_program.c_str(), g_program.c_str(), "--say", nullptr), ::_exit(127);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "--say") {
    PrintDescriptors();
    PrintEnvironment();
    return 0;
  }
  g_program = LinkTo("/proc/self/exe");
  testcell::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
