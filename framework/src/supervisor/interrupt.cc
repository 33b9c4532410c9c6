#include "supervisor/interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

#include "posix/error.h"

namespace testcell::supervisor {
namespace {

std::atomic<int> g_signal{0};
std::atomic<int> g_event{-1};

void OnSignal(int number) {
  const int error = errno;
  g_signal.store(number);
  const std::uint64_t one = 1;
  const ssize_t written = ::write(g_event.load(), &one, sizeof one);
  (void)written;  // the counter is not full, and a reader is told already
  errno = error;
}

}  // namespace

Interrupt::Interrupt() {
  event_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_) posix::ThrowErrno(errno, "cannot make an eventfd");
  g_signal.store(0);
  g_event.store(event_.get());
  for (const int number : {SIGINT, SIGTERM}) {
    struct sigaction before {};
    ::sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_DFL) continue;
    struct sigaction ours {};
    ours.sa_handler = OnSignal;
    // The second one ends the run as if we were not here.
    ours.sa_flags = static_cast<int>(SA_RESETHAND);
    ::sigaction(number, &ours, nullptr);
    before_.emplace_back(number, before);
  }
}

Interrupt::~Interrupt() {
  for (const auto& [number, action] : before_) ::sigaction(number, &action, nullptr);
  g_event.store(-1);
}

int Interrupt::signal() const { return g_signal.load(); }

void Interrupt::Drain() {
  std::uint64_t count;
  const ssize_t size = ::read(event_.get(), &count, sizeof count);
  (void)size;
}

}  // namespace testcell::supervisor
