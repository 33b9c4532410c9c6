#include "testcell/internal/status_line.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "posix/error.h"

namespace testcell::internal {
namespace {

constexpr std::size_t kUsualColumns = 80;

// Room for a line below the cursor, wherever in its line that stands: down and up
// again scrolls at the bottom, and keeps the column.
constexpr char kMakeRoom[] = "\033D\033[A";
constexpr char kGoBelow[] = "\0337\r\n";  // what stands there is not seen by the program
constexpr char kComeBack[] = "\033[K\0338";

// 0:07, 12:07, 1:12:07
std::string ClockText(std::chrono::seconds time) {
  const long long seconds = time.count();
  if (seconds >= 3600) {
    return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  }
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::size_t Columns(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0) return kUsualColumns;
  return size.ws_col;
}

bool IsSet(const char* variable) {
  const char* const value = std::getenv(variable);
  return value != nullptr && *value != '\0' && std::string_view(value) != "0" &&
         std::string_view(value) != "false";
}

}  // namespace

std::string StatusText(const Progress& progress, std::size_t columns) {
  std::string text = fmt::format("[ testcell ] {} of {} done, {} running", progress.done,
                                 progress.total, progress.running);
  if (progress.failed > 0) text += fmt::format(", {} failed", progress.failed);
  if (progress.left) {
    text += fmt::format(", {} left",
                        ClockText(std::chrono::ceil<std::chrono::seconds>(*progress.left)));
  }
  if (!progress.slowest.empty()) {
    text += fmt::format("; longest: {} {}", progress.slowest,
                        ClockText(std::chrono::floor<std::chrono::seconds>(progress.slowest_for)));
  }
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  if (text.size() > columns) {
    constexpr std::string_view kCut = "...";
    text.resize(columns < kCut.size() ? 0 : columns - kCut.size());
    if (columns >= kCut.size()) text += kCut;
  }
  return text;
}

bool StatusLine::Wanted(int fd) {
  const char* const term = std::getenv("TERM");
  return ::isatty(fd) != 0 && term != nullptr && *term != '\0' &&
         std::string_view(term) != "dumb" && !IsSet("CI");
}

void StatusLine::Show(const Progress& progress) {
  pollfd ready{fd_, POLLOUT, 0};
  if (::poll(&ready, 1, 0) != 1 || ::tcgetpgrp(fd_) != ::getpgrp()) return;
  // A line that reached the last column might wrap.
  std::string text = StatusText(progress, Columns(fd_) - 1);
  if (text == shown_) return;
  Write((shown_.empty() ? kMakeRoom : "") + std::string(kGoBelow) + text + kComeBack);
  shown_ = std::move(text);
}

void StatusLine::Hide() {
  if (shown_.empty()) return;
  Write(std::string(kGoBelow) + kComeBack);
  shown_.clear();
}

void StatusLine::Write(const std::string& text) const {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = posix::RetryOnInterrupt(
        [&] { return ::write(fd_, text.data() + written, text.size() - written); });
    if (size <= 0) return;  // a terminal that is gone
    written += static_cast<std::size_t>(size);
  }
}

}  // namespace testcell::internal
