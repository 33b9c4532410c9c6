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

// The generic category, but for its messages, which are those of ErrnoText:
// std::system_error appends them to what it is told. Its errors compare with
// std::errc.
const std::error_category& ErrnoCategory();

// std::system_error whose what() is the message and the errno by name:
// "cannot open x: EACCES (Permission denied)".
template <typename... Args>
[[noreturn]] void ThrowErrno(int error, fmt::format_string<Args...> format, Args&&... args) {
  throw std::system_error(error, ErrnoCategory(), fmt::format(format, std::forward<Args>(args)...));
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
