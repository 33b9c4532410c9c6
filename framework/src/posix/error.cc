#include "posix/error.h"

#include <string.h>

namespace testcell::posix {
namespace {

class Category : public std::error_category {
 public:
  const char* name() const noexcept override { return "errno"; }
  std::string message(int error) const override { return ErrnoText(error); }
  std::error_condition default_error_condition(int error) const noexcept override {
    return {error, std::generic_category()};
  }
};

}  // namespace

const std::error_category& ErrnoCategory() {
  static const Category category;
  return category;
}

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
