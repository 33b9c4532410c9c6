#include "server/process_group.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <sstream>

#include "posix/error.h"

namespace testcell::server {

namespace {

timespec UntilThen(Clock::time_point deadline) {
  const auto left = std::max(deadline - Clock::now(), Clock::duration::zero());
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(left - seconds);
  timespec result = {};
  result.tv_sec = seconds.count();
  result.tv_nsec = static_cast<long>(rest.count());
  return result;
}

// Empty, if the process is gone by the time of the reading. By read(2), since
// a stream's buffer throws for that.
std::string ReadStat(const std::string& path) {
  const posix::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string line(1024, '\0');
  const ssize_t size =
      posix::RetryOnInterrupt([&] { return ::read(file.get(), line.data(), line.size()); });
  line.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return line;
}

// The process, if /proc/PID/stat says that it is of the group and lives.
std::optional<Member> ReadMember(const std::filesystem::path& directory, pid_t group) {
  const std::string pid_text = directory.filename();
  Member member;
  const char* end = pid_text.data() + pid_text.size();
  if (std::from_chars(pid_text.data(), end, member.pid).ptr != end) return std::nullopt;

  const std::string line = ReadStat(directory / "stat");
  // "PID (name) S PPID PGRP ...": the name may hold spaces and parentheses.
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(close + 1));
  char state = 0;
  pid_t parent = 0;
  pid_t its_group = 0;
  if (!(rest >> state >> parent >> its_group)) return std::nullopt;
  if (its_group != group || state == 'Z' || state == 'X') return std::nullopt;
  member.stopped = state == 'T';
  member.name = line.substr(open + 1, close - open - 1);
  return member;
}

}  // namespace

Clock::time_point After(std::chrono::milliseconds delay) {
  return Clock::now() + std::min<std::chrono::milliseconds>(delay, std::chrono::hours(24 * 365));
}

bool WaitReadable(std::initializer_list<int> fds, Clock::time_point deadline) {
  std::array<pollfd, 4> polled = {};
  std::size_t count = 0;
  for (const int fd : fds) polled.at(count++) = {fd, POLLIN, 0};
  while (true) {
    const timespec left = UntilThen(deadline);
    const int ready = ::ppoll(polled.data(), count, &left, nullptr);
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) posix::ThrowErrno(errno, "ppoll for a server");
  }
}

posix::UniqueFd OpenPidfd(pid_t pid) {
  posix::UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd && errno != ESRCH) posix::ThrowErrno(errno, "pidfd_open of process {}", pid);
  return pidfd;
}

bool HasEnded(int pidfd) noexcept {
  pollfd polled = {pidfd, POLLIN, 0};
  return posix::RetryOnInterrupt([&] { return ::poll(&polled, 1, 0); }) > 0;
}

void Kill(int pidfd) noexcept { ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0); }

Exit Reap(pid_t pid) noexcept {
  int status = 0;
  Exit exit;
  if (posix::RetryOnInterrupt([&] { return ::waitpid(pid, &status, 0); }) != pid) return exit;
  if (WIFEXITED(status)) exit.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) exit.signal = WTERMSIG(status);
  return exit;
}

std::string ExitText(const Exit& exit) {
  if (exit.alive) return "did not end even by SIGKILL";
  if (exit.status) return fmt::format("exited with status {}", *exit.status);
  if (exit.signal) return fmt::format("was killed by {}", posix::SignalText(*exit.signal));
  return "ended in a way that is not known, since its status was taken by another wait";
}

std::vector<Member> LiveMembers(pid_t group) {
  std::vector<Member> members;
  std::error_code error;
  std::filesystem::directory_iterator entry("/proc", error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    if (auto member = ReadMember(entry->path(), group)) members.push_back(std::move(*member));
    entry.increment(error);
  }
  return members;
}

bool WaitForGroup(pid_t group, Clock::time_point deadline) {
  // Looked for again after each wait: a member may have forked before it ended.
  for (auto members = LiveMembers(group); !members.empty(); members = LiveMembers(group)) {
    for (const Member& member : members) {
      const posix::UniqueFd pidfd = OpenPidfd(member.pid);
      if (pidfd && !WaitReadable({pidfd.get()}, deadline)) return false;
    }
  }
  return true;
}

}  // namespace testcell::server
