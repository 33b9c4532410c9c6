// Sanitizers and coverage, which do their work in exit handlers.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "streamer.h"

// Present where the program was built with the tool. gcov's stay null unless
// something else pulls them in, which the options of testcell::gtest see to.
extern "C" {
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));
void __gcov_dump(void) __attribute__((weak));
void __gcov_reset(void) __attribute__((weak));
void __gcov_exit(void) __attribute__((weak));  // in every program that gcc instruments
int __llvm_profile_write_file(void) __attribute__((weak));
void __llvm_profile_reset_counters(void) __attribute__((weak));
}

namespace testcell {
namespace internal {

namespace {

int g_host_root = -1;
char* g_host_directory = nullptr;

bool CountsCoverage() { return __gcov_dump != nullptr || __llvm_profile_write_file != nullptr; }

// Coverage goes to files of the host, also where the cell has put something
// of its own over their directory.
void ReturnToHost() {
  if (g_host_root < 0 || ::fchdir(g_host_root) != 0 || ::chroot(".") != 0) return;
  if (g_host_directory != nullptr && ::chdir(g_host_directory) != 0) return;
}

}  // namespace

void PrepareExitTools() {
  if (__gcov_exit != nullptr && __gcov_dump == nullptr) {
    std::fprintf(stderr,
                 "testcell: warning: this program counts coverage, but what runs in cells will not "
                 "be counted: link it with -Wl,-u,__gcov_dump,-u,__gcov_reset\n");
  }
  if (!CountsCoverage() || g_host_root >= 0) return;
  const int root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  // Where a test does not look for its first descriptor.
  constexpr int kOutOfTheWay = 200;
  g_host_root = ::fcntl(root, F_DUPFD_CLOEXEC, kOutOfTheWay);
  if (g_host_root < 0) {
    g_host_root = root;
  } else {
    ::close(root);
  }
  g_host_directory = ::getcwd(nullptr, 0);
}

void ResetExitTools() {
  if (__gcov_reset != nullptr) __gcov_reset();
  if (__llvm_profile_reset_counters != nullptr) __llvm_profile_reset_counters();
}

int RunExitTools() {
  int status = 0;
  if (__lsan_do_recoverable_leak_check != nullptr && __lsan_do_recoverable_leak_check() != 0) {
    status = kLeakStatus;
  }
  if (CountsCoverage()) ReturnToHost();
  if (__gcov_dump != nullptr) __gcov_dump();
  if (__llvm_profile_write_file != nullptr) __llvm_profile_write_file();
  return status;
}

}  // namespace internal
}  // namespace testcell
