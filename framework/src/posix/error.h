// Errors of system calls, with what was tried and on what.
#ifndef TESTCELL_SRC_POSIX_ERROR_H_
#define TESTCELL_SRC_POSIX_ERROR_H_

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace testcell::posix {

// "EPERM (Operation not permitted)".
std::string ErrnoText(int error);

// "SIGSEGV (Segmentation fault)"; "SIGSEGV" alone by SignalName.
std::string SignalText(int signal);
std::string SignalName(int signal);

// std::system_error whose what() is the message and the errno by name.
template <typename... Args>
[[noreturn]] void ThrowErrno(int error, fmt::format_string<Args...> format, Args&&... args) {
  throw std::system_error(
      error, std::generic_category(),
      fmt::format(format, std::forward<Args>(args)...) + ": " + ErrnoText(error));
}

// The call again for as long as a signal interrupts it.
template <typename Call>
auto RetryOnInterrupt(Call&& call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_ERROR_H_
