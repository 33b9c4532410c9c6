#include "posix/error.h"

#include <string.h>

namespace testcell::posix {

std::string ErrnoText(int error) {
  const char* name = ::strerrorname_np(error);
  const char* text = ::strerrordesc_np(error);
  if (name == nullptr || text == nullptr) return fmt::format("error {}", error);
  return fmt::format("{} ({})", name, text);
}

std::string SignalName(int signal) {
  const char* name = ::sigabbrev_np(signal);
  return name == nullptr ? fmt::format("signal {}", signal) : fmt::format("SIG{}", name);
}

std::string SignalText(int signal) {
  const char* text = ::sigdescr_np(signal);
  return text == nullptr ? SignalName(signal) : fmt::format("{} ({})", SignalName(signal), text);
}

}  // namespace testcell::posix
