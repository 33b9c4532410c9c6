// Sanitizers and coverage, which do their work in exit handlers.
#include <cstdio>

#include "streamer.h"

// Present where the program was built with the tool. gcov's stay null unless
// something else pulls them in, which the options of testcell::gtest see to.
extern "C" {
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));
void __gcov_dump(void) __attribute__((weak));
void __gcov_reset(void) __attribute__((weak));
int __llvm_profile_write_file(void) __attribute__((weak));
void __llvm_profile_reset_counters(void) __attribute__((weak));
}

namespace testcell {
namespace internal {

void ResetExitTools() {
  if (__gcov_reset != nullptr) __gcov_reset();
  if (__llvm_profile_reset_counters != nullptr) __llvm_profile_reset_counters();
}

int RunExitTools() {
  int status = 0;
  if (__lsan_do_recoverable_leak_check != nullptr && __lsan_do_recoverable_leak_check() != 0) {
    status = kLeakStatus;
  }
  if (__gcov_dump != nullptr) __gcov_dump();
  if (__llvm_profile_write_file != nullptr) __llvm_profile_write_file();
  return status;
}

}  // namespace internal
}  // namespace testcell
