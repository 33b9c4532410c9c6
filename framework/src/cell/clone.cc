#include "cell/clone.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace testcell::cell {
namespace {

// clang's way to say what gcc says by __SANITIZE_ADDRESS__ and __SANITIZE_THREAD__.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TESTCELL_HAS_SHADOW
#endif
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(TESTCELL_HAS_SHADOW)
// Every function entered and never left by init, which may be killed in any, would
// stay in the worker's shadow memory, which they would share.
constexpr bool kShareMemory = false;
#elif defined(__x86_64__)
constexpr bool kShareMemory = true;
#else
constexpr bool kShareMemory = false;
#endif

#if defined(__x86_64__)
// libc's syscall() can't be used: the child would return from it first, and
// overwrite on the shared stack the address that the caller returns to later.
// Here nothing in this frame is written after the call, and the child only
// ever goes deeper. One copying fork is saved that way, which is most of the
// cost of a cell in a large process.
// The calls differ in their first two arguments: clone3 takes a structure, clone
// the flags and a stack, 0 being the caller's.
__attribute__((noinline, no_sanitize("address", "thread", "undefined"))) long SharingClone(
    long call, long first, long second, void (*child)(void*), void* argument) {
  long result;
  register long parent_tid __asm__("rdx") = 0;
  register long child_tid __asm__("r10") = 0;
  register long tls __asm__("r8") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(call), "D"(first), "S"(second), "r"(parent_tid), "r"(child_tid), "r"(tls)
                   : "rcx", "r11", "memory");
  if (result == 0) child(argument);
  return result;
}
#endif

struct Kind {
  std::uint64_t flag;
  Step step;
};
constexpr Kind kKinds[] = {
    {CLONE_NEWPID, Step::kProcessNamespace},  {CLONE_NEWNS, Step::kMountNamespace},
    {CLONE_NEWNET, Step::kNetworkNamespace},  {CLONE_NEWIPC, Step::kIpcNamespace},
    {CLONE_NEWUTS, Step::kHostNameNamespace}, {CLONE_NEWCGROUP, Step::kCgroupNamespace},
};

[[noreturn]] void End(void*) { ::_exit(0); }

}  // namespace

Step FindRefused(std::uint64_t namespaces, int* error) {
  if (*error == EAGAIN || *error == ENOMEM) return Step::kClone;  // there are too many processes
  for (const Kind& kind : kKinds) {
    if ((namespaces & kind.flag) == 0) continue;
    const long child = CloneInit(kind.flag, End, nullptr);
    if (child < 0) {
      *error = errno;
      return kind.step;
    }
    while (::waitpid(static_cast<pid_t>(child), nullptr, __WALL) < 0 && errno == EINTR) {
    }
  }
  return Step::kClone;
}

long CloneInit(std::uint64_t namespaces, void (*child)(void*), void* argument) {
  clone_args arguments{};
  arguments.flags = namespaces;
  arguments.exit_signal = SIGCHLD;
#if defined(__x86_64__)
  if (kShareMemory) {
    arguments.flags |= CLONE_VM | CLONE_VFORK;
    long result = SharingClone(SYS_clone3, reinterpret_cast<long>(&arguments), sizeof arguments,
                               child, argument);
    if (result == -ENOSYS) {
      result =
          SharingClone(SYS_clone, static_cast<long>(arguments.flags) | SIGCHLD, 0, child, argument);
    }
    if (result >= 0) return result;
    errno = static_cast<int>(-result);
    return -1;
  }
#endif
  long result = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (result < 0 && errno == ENOSYS) {
    // Flags and stack come first on most processors, which take no other two.
    result = ::syscall(SYS_clone, static_cast<long>(namespaces) | SIGCHLD, 0, 0, 0, 0);
  }
  if (result == 0) child(argument);
  return result;
}

}  // namespace testcell::cell
