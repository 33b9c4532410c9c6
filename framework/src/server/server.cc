#include "testcell/server.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <string_view>

#include "posix/unique_fd.h"
#include "server/launch.h"
#include "server/output_file.h"
#include "server/process_group.h"
#include "server/program.h"
#include "server/readiness.h"
#include "testcell/internal/hooks.h"

namespace testcell {

namespace {

using server::After;
using server::Clock;
using server::Exit;
using server::Member;

// How much of the output an error carries; Output() has more.
constexpr std::size_t kTailBytes = 4096;
// Between SIGKILL and the end of a process there is only the kernel: who is
// still there by then waits for a device or a dead file server.
constexpr std::chrono::seconds kKillWait{10};
constexpr int kShellsTermStatus = 128 + SIGTERM;

std::string DurationText(std::chrono::milliseconds duration) {
  if (duration.count() % 1000 != 0) return fmt::format("{} ms", duration.count());
  return fmt::format("{} s", duration.count() / 1000);
}

// The output's last lines, as an error ends with them.
std::string TailText(const std::string& output) {
  if (output.empty()) return "\nit wrote nothing to stdout and stderr";
  std::string_view tail = output;
  std::string_view title = "its output";
  if (tail.size() > kTailBytes) {
    tail.remove_prefix(tail.size() - kTailBytes);
    tail.remove_prefix(std::min(tail.find('\n') + 1, tail.size()));
    title = "the end of its output";
  }
  if (tail.ends_with('\n')) tail.remove_suffix(1);
  return fmt::format("\n{}:\n{}", title, tail);
}

std::string MembersText(const std::vector<Member>& members) {
  std::string text;
  for (const Member& member : members) {
    text += fmt::format("{}{} (pid {})", text.empty() ? "" : ", ", member.name, member.pid);
  }
  return text;
}

void WriteToStderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

class Server::Impl {
 public:
  explicit Impl(ServerOptions options) : options_(std::move(options)) {}
  ~Impl();

  bool Start();
  bool Stop();
  pid_t pid() const { return pid_; }
  bool running() const { return pid_ > 0 && pidfd_ && !server::HasEnded(pidfd_.get()); }
  std::string Output() const;
  const std::string& error() const { return error_; }

 private:
  std::string Name() const { return fmt::format("{} (pid {})", options_.program, last_pid_); }
  // A child that the test forked has a copy of this, and no say over the server.
  bool IsOwner() const { return owner_ == ::getpid(); }
  void Launch();
  std::string AwaitReady(server::Readiness& readiness, Clock::time_point deadline);
  std::string StopProcesses();
  std::string Terminate();
  Exit TearDown();
  void ShowOutputIfTestFailed();

  ServerOptions options_;
  std::string error_;
  pid_t owner_ = -1;
  pid_t pid_ = -1;       // of the child, until it is reaped
  pid_t last_pid_ = -1;  // for messages
  posix::UniqueFd pidfd_;
  std::unique_ptr<server::OutputFile> output_;  // while the child is there
  std::string kept_output_;                     // after that
  bool output_shown_ = true;
};

Server::Impl::~Impl() {
  if (owner_ > 0 && !IsOwner()) return;
  try {
    if (!Stop()) WriteToStderr(fmt::format("[testcell] {}\n", error_));
  } catch (...) {
    WriteToStderr("[testcell] a server was not stopped in order: memory is short\n");
  }
}

bool Server::Impl::Start() {
  error_.clear();
  if (pid_ > 0) {
    error_ = fmt::format("{} has been started already", Name());
    return false;
  }
  kept_output_.clear();
  output_shown_ = true;
  const Clock::time_point deadline = After(options_.start_deadline);
  try {
    output_ = std::make_unique<server::OutputFile>(options_.output_limit_bytes);
    const auto readiness = server::MakeReadiness(options_, *output_);
    const std::string obstacle = readiness->Obstacle();
    if (!obstacle.empty()) throw std::runtime_error(obstacle);
    Launch();
    error_ = AwaitReady(*readiness, deadline);
  } catch (const std::exception& exception) {
    error_ = fmt::format("cannot start {}: {}", options_.program, exception.what());
    if (pid_ > 0) {
      TearDown();
      error_ += TailText(kept_output_);
    }
  }
  if (error_.empty()) {
    output_shown_ = false;
    return true;
  }
  output_.reset();
  output_shown_ = kept_output_.size() <= kTailBytes;  // by the error
  return false;
}

void Server::Impl::Launch() {
  const server::Program program = server::Resolve(options_);
  pid_ = server::Launch(program, output_->writer());
  last_pid_ = pid_;
  owner_ = ::getpid();
  output_->CloseWriter();
  pidfd_ = server::OpenPidfd(pid_);
  if (!pidfd_) throw std::runtime_error("it has ended and been reaped; is SIGCHLD ignored?");
}

// Empty when the server is ready; else why it is not, and then it is gone.
std::string Server::Impl::AwaitReady(server::Readiness& readiness, Clock::time_point deadline) {
  // Here an early end is no contradiction: what was promised has happened.
  if (options_.ready.kind == Ready::Kind::kStarted) return "";
  while (!server::HasEnded(pidfd_.get())) {
    if (readiness.Reached()) return "";
    if (Clock::now() >= deadline) {
      const std::string missing = readiness.Missing();
      const std::string name = Name();
      TearDown();
      return fmt::format("{} was not ready within {}: {}{}", name,
                         DurationText(options_.start_deadline), missing, TailText(kept_output_));
    }
    server::WaitReadable({pidfd_.get(), readiness.event_fd()}, deadline);
    readiness.ConsumeEvent();
    output_->Trim();
  }
  const std::string missing = readiness.Missing();
  const Exit exit = TearDown();
  const bool perhaps_a_daemon = exit.status == 0;
  return fmt::format("{} {} before it was ready: {}{}{}", Name(), server::ExitText(exit), missing,
                     perhaps_a_daemon
                         ? "; if it puts itself in the background, it must be told to stay in the "
                           "foreground (nginx: -g 'daemon off;')"
                         : "",
                     TailText(kept_output_));
}

bool Server::Impl::Stop() {
  error_.clear();
  if (pid_ > 0 && !IsOwner()) {
    error_ = fmt::format("{} was started by process {} and can't be stopped by process {}", Name(),
                         owner_, ::getpid());
    return false;
  }
  if (pid_ > 0) {
    const std::string wrong = StopProcesses();
    if (!wrong.empty()) error_ = wrong + TailText(kept_output_);
  }
  ShowOutputIfTestFailed();
  return error_.empty();
}

// Empty, or what was wrong about the end.
std::string Server::Impl::StopProcesses() {
  const bool ended_before = server::HasEnded(pidfd_.get());
  std::string wrong = Terminate();
  const Exit exit = TearDown();
  if (!wrong.empty()) return wrong;
  if (ended_before) {
    if (exit.status == 0) return "";
    return fmt::format("{} {} before it was stopped", Name(), server::ExitText(exit));
  }
  if (exit.signal == SIGTERM || exit.status == 0 || exit.status == kShellsTermStatus) return "";
  return fmt::format("{} {} when it was stopped by SIGTERM", Name(), server::ExitText(exit));
}

// SIGTERM and the grace. Empty when all of the group has ended by then.
std::string Server::Impl::Terminate() {
  const Clock::time_point deadline = After(options_.stop_grace);
  try {
    const std::vector<Member> members = server::LiveMembers(pid_);
    // Until the child is reaped no other group can get its number.
    ::kill(-pid_, SIGTERM);
    // What is stopped can't act on SIGTERM. To nobody else: SIGCONT also undoes
    // the SIGSTOP of a tracer's attach, for which LeakSanitizer, at a server's
    // exit, then waits for ever.
    for (const Member& member : members) {
      if (member.stopped) ::kill(member.pid, SIGCONT);
    }
    if (server::WaitReadable({pidfd_.get()}, deadline) && server::WaitForGroup(pid_, deadline)) {
      return "";
    }
    const std::vector<Member> late = server::LiveMembers(pid_);
    if (late.empty()) return "";
    return fmt::format("not all of {} ended within {} of SIGTERM; killed: {}", Name(),
                       DurationText(options_.stop_grace), MembersText(late));
  } catch (const std::exception& exception) {
    return fmt::format("{} was killed, since its end could not be awaited: {}", Name(),
                       exception.what());
  }
}

// Ends what there still is of the group, by SIGKILL, reaps the child, and lets
// go of everything but the output's text.
Exit Server::Impl::TearDown() {
  const pid_t group = std::exchange(pid_, -1);
  server::KillGroup(group);
  server::Kill(pidfd_.get());  // it may have left its group
  const Clock::time_point deadline = After(kKillWait);
  Exit exit;
  try {
    exit.alive = pidfd_ && !server::WaitReadable({pidfd_.get()}, deadline);
    // The others first: once the child is reaped, the number may be used again.
    server::WaitForGroup(group, deadline);
  } catch (const std::exception&) {
    // They have got SIGKILL: only the wait for its effect is cut short.
  }
  if (!exit.alive) exit = server::Reap(group);
  try {
    kept_output_ = output_->Kept();
  } catch (const std::exception& exception) {
    kept_output_ = fmt::format("[testcell] the output is lost: {}\n", exception.what());
  }
  pidfd_.Reset();
  output_.reset();
  return exit;
}

void Server::Impl::ShowOutputIfTestFailed() {
  if (output_shown_ || !internal::TestHasFailed()) return;
  output_shown_ = true;
  const std::string output = kept_output_.empty() ? "(none)" : kept_output_;
  WriteToStderr(fmt::format("[testcell] output of {}:\n{}{}", Name(), output,
                            output.ends_with('\n') ? "" : "\n"));
}

std::string Server::Impl::Output() const {
  if (!output_) return kept_output_;
  output_->Trim();
  return output_->Kept();
}

namespace {

// What a Server says that has nothing to speak for it.
const std::string& HollowError() {
  static const std::string* const error = new std::string("moved from, or memory was short");
  return *error;
}

}  // namespace

Server::Server(ServerOptions options) : impl_(new (std::nothrow) Impl(std::move(options))) {}
Server::~Server() = default;
Server::Server(Server&& other) noexcept = default;
Server& Server::operator=(Server&& other) noexcept = default;

bool Server::Start() {
  try {
    return impl_ && impl_->Start();
  } catch (...) {  // memory is short: there is none to say so
    return false;
  }
}

bool Server::Stop() {
  try {
    return !impl_ || impl_->Stop();
  } catch (...) {
    return false;
  }
}

pid_t Server::pid() const noexcept { return impl_ ? impl_->pid() : -1; }

bool Server::running() const noexcept { return impl_ && impl_->running(); }

std::string Server::Output() const {
  try {
    return impl_ ? impl_->Output() : std::string();
  } catch (...) {
    return {};
  }
}

const std::string& Server::error() const noexcept { return impl_ ? impl_->error() : HollowError(); }

}  // namespace testcell
