#include "testcell/internal/history.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "posix/error.h"
#include "posix/sha256.h"
#include "posix/unique_fd.h"

namespace testcell::internal {
namespace {

constexpr std::string_view kHeader = "testcell history 1\n";
using Durations = std::map<std::string, long long>;
// So that sums of a million tests stay numbers, whatever a file says.
constexpr long long kLongest = std::chrono::milliseconds(std::chrono::hours(1000)).count();

std::string Refusal(const char* verb, const std::string& path) {
  return fmt::format("cannot {} the history {}: {}", verb, path, posix::ErrnoText(errno));
}

bool ReadAll(int fd, std::string* text) {
  char buffer[1 << 16];
  for (;;) {
    const ssize_t size = posix::RetryOnInterrupt(
        [&] { return ::pread(fd, buffer, sizeof buffer, static_cast<off_t>(text->size())); });
    if (size < 0) return false;
    if (size == 0) return true;
    text->append(buffer, static_cast<std::size_t>(size));
  }
}

bool WriteAll(int fd, const std::string& text) {
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = posix::RetryOnInterrupt([&] {
      return ::pwrite(fd, text.data() + written, text.size() - written,
                      static_cast<off_t>(written));
    });
    if (size < 0) return false;
    written += static_cast<std::size_t>(size);
  }
  return true;
}

// Lines of "MILLISECONDS NAME" after the header. A line that was cut short, by a
// run that was killed, is passed over. False: the file is something else.
bool Parse(std::string_view text, Durations* durations) {
  if (text.empty()) return true;
  if (text.substr(0, kHeader.size()) != kHeader) return false;
  text.remove_prefix(kHeader.size());
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    const std::string line(text.substr(0, end));
    text.remove_prefix(end + 1);
    char* name = nullptr;
    const long long duration = std::strtoll(line.c_str(), &name, 10);
    if (duration > 0 && *name == ' ' && name[1] != '\0') {
      (*durations)[name + 1] = std::min(duration, kLongest);
    }
  }
  return true;
}

std::string NotOurs(const std::string& path) {
  return fmt::format("{} holds something else than durations of tests: testcell does not touch it",
                     path);
}

}  // namespace

std::string History::Load(const std::string& path) {
  path_ = path;
  known_.clear();
  if (path.empty()) return std::string();
  // Made here if it is missing, so that what can't be written is told before the run.
  constexpr mode_t kEverybody = 0666;
  const posix::UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kEverybody));
  if (!fd) return Refusal("open", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) == 0 && !S_ISREG(status.st_mode)) return NotOurs(path);
  if (posix::RetryOnInterrupt([&] { return ::flock(fd.get(), LOCK_SH); }) < 0) {
    return Refusal("lock", path);
  }
  std::string text;
  if (!ReadAll(fd.get(), &text)) return Refusal("read", path);
  return Parse(text, &known_) ? std::string() : NotOurs(path);
}

std::string History::LoadFixed(const std::string& path, const std::string& digest) {
  path_.clear();
  known_.clear();
  const posix::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return Refusal("open", path);
  std::string text;
  if (!ReadAll(fd.get(), &text)) return Refusal("read", path);
  const std::string actual = posix::Sha256(text);
  if (actual.compare(0, digest.size(), digest) != 0) {
    return fmt::format(
        "the history {} has the SHA-256 {}, not {}: it is not the one that divides the shards",
        path, actual, digest);
  }
  return Parse(text, &known_) ? std::string() : NotOurs(path);
}

std::chrono::milliseconds History::Expected(const std::string& test) const {
  const auto found = known_.find(test);
  return std::chrono::milliseconds(found == known_.end() ? 0 : found->second);
}

void History::Record(const std::string& test, std::chrono::microseconds took) {
  if (path_.empty() || test.find('\n') != std::string::npos) return;
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(took).count();
  recorded_[test] = std::max<long long>(rounded, 1);
}

std::string History::Save() {
  if (path_.empty() || recorded_.empty()) return std::string();
  const posix::UniqueFd fd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return Refusal("open", path_);
  if (posix::RetryOnInterrupt([&] { return ::flock(fd.get(), LOCK_EX); }) < 0) {
    return Refusal("lock", path_);
  }
  std::string text;
  if (!ReadAll(fd.get(), &text)) return Refusal("read", path_);
  Durations durations;
  if (!Parse(text, &durations)) return NotOurs(path_);
  for (const auto& [test, took] : recorded_) {
    long long& duration = durations[test];
    duration = duration == 0 ? took : (duration + took + 1) / 2;
  }
  text = kHeader;
  for (const auto& [test, duration] : durations) text += fmt::format("{} {}\n", duration, test);
  if (!WriteAll(fd.get(), text) || ::ftruncate(fd.get(), static_cast<off_t>(text.size())) < 0) {
    return Refusal("write", path_);
  }
  recorded_.clear();
  return std::string();
}

}  // namespace testcell::internal
