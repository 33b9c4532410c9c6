// The names of this architecture's system calls.
#include <fmt/format.h>
#include <sys/syscall.h>

#include "supervisor/snapshot.h"

namespace testcell::supervisor {
namespace {

struct SystemCall {
  long number;
  const char* name;
};

// Written by the build from <sys/syscall.h> (system_calls.cmake).
constexpr SystemCall kSystemCalls[] = {
#include "system_calls.inc"
};

}  // namespace

std::string SystemCallName(long number) {
  for (const SystemCall& call : kSystemCalls) {
    if (call.number == number) return call.name;
  }
  return fmt::format("system call {}", number);
}

}  // namespace testcell::supervisor
