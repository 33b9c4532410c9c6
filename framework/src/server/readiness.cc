#include "server/readiness.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "posix/error.h"
#include "posix/sock_diag.h"
#include "server/process_group.h"

namespace testcell::server {

namespace {

using posix::SockDiag;
using std::chrono::milliseconds;

void Drain(int fd) {
  std::array<char, 4096> ignored;
  while (::read(fd, ignored.data(), ignored.size()) > 0) continue;
}

// A timer for what the kernel gives no event for: nothing tells when another
// process begins to listen on a socket. Often at first, when a program that
// starts fast is nearly there, less often then.
class Ticks {
 public:
  Ticks() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {
    if (!fd_) posix::ThrowErrno(errno, "timerfd_create for a server's readiness");
    Arm();
  }

  int fd() const { return fd_.get(); }

  void Consume() {
    Drain(fd_.get());
    Arm();
  }

 private:
  void Arm() {
    const auto delay = std::clamp<Clock::duration>((Clock::now() - begin_) / 16, milliseconds(1),
                                                   milliseconds(10));
    itimerspec next = {};
    next.it_value.tv_nsec = static_cast<long>(std::chrono::nanoseconds(delay).count());
    if (::timerfd_settime(fd_.get(), 0, &next, nullptr) != 0) {
      posix::ThrowErrno(errno, "timerfd_settime for a server's readiness");
    }
  }

  posix::UniqueFd fd_;
  Clock::time_point begin_ = Clock::now();
};

class TickingReadiness : public Readiness {
 public:
  int event_fd() const override { return ticks_.fd(); }
  void ConsumeEvent() override { ticks_.Consume(); }

 private:
  Ticks ticks_;
};

void ThrowIfNoDiag(int error) {
  if (error == 0) return;
  posix::ThrowErrno(error,
                    "list the sockets that listen, by sock_diag(7) (the kernel's tcp_diag and "
                    "unix_diag)");
}

class StartedReadiness : public Readiness {
 public:
  bool Reached() override { return true; }
  std::string Missing() override { return "it was not started"; }
};

// Listening sockets. What listens instead is often the answer to why a server
// is not ready, so it is told.
class ListenReadiness : public TickingReadiness {
 public:
  ListenReadiness() { ThrowIfNoDiag(diag_.Open()); }

  std::string Obstacle() override {
    const std::string owner = Listener();
    if (owner.empty()) return "";
    return fmt::format("{} is already in use by another socket, which listens on {}", Target(),
                       owner);
  }
  bool Reached() override { return !Listener().empty(); }
  std::string Missing() override {
    const std::string others = Others();
    return fmt::format("no socket listened on {}; {}", Target(),
                       others.empty() ? "none did on anything" : "what did listen: " + others);
  }

 protected:
  virtual std::string Target() const = 0;
  // The socket that listens on the target; empty, if none does.
  virtual std::string Listener() = 0;

  template <typename Visitor>
  void ForEachTcpListener(Visitor&& visitor) {
    for (const int family : {AF_INET, AF_INET6}) {
      ThrowIfNoDiag(diag_.ForEachInet(family, IPPROTO_TCP, posix::StateBit(TCP_LISTEN), visitor));
    }
  }
  template <typename Visitor>
  void ForEachUnixListener(Visitor&& visitor) {
    ThrowIfNoDiag(diag_.ForEachUnix(posix::StateBit(TCP_LISTEN), visitor));
  }

  static std::string Text(const posix::InetSocket& socket) {
    return "tcp " + posix::EndpointText(socket.family, socket.local);
  }
  static std::string Text(const posix::UnixSocket& socket) {
    return fmt::format("unix {}{}", socket.abstract ? "@" : "", socket.name);
  }

 private:
  std::string Others() {
    constexpr int kMost = 8;
    std::string others;
    int count = 0;
    const auto add = [&](const auto& socket) {
      if (++count <= kMost) others += (count == 1 ? "" : ", ") + Text(socket);
    };
    ForEachTcpListener(add);
    ForEachUnixListener(add);
    if (count > kMost) others += fmt::format(" and {} more", count - kMost);
    return others;
  }

  SockDiag diag_;
};

class TcpReadiness : public ListenReadiness {
 public:
  explicit TcpReadiness(std::uint16_t port) : port_(port) {
    if (port == 0) throw std::runtime_error("Ready::Tcp needs a port other than 0");
  }

 protected:
  std::string Target() const override { return fmt::format("TCP port {}", port_); }
  std::string Listener() override {
    std::string listener;
    ForEachTcpListener([&](const posix::InetSocket& socket) {
      if (socket.local.port == port_) listener = Text(socket);
    });
    return listener;
  }

 private:
  std::uint16_t port_;
};

class UnixReadiness : public ListenReadiness {
 public:
  explicit UnixReadiness(const ServerOptions& options)
      : name_(options.ready.text), directory_(options.working_directory) {
    if (name_.empty()) throw std::runtime_error("Ready::Unix needs a path or an abstract @name");
  }

 protected:
  std::string Target() const override { return "unix socket " + name_; }
  std::string Obstacle() override {
    std::string obstacle = ListenReadiness::Obstacle();
    ForEachUnixListener([this](const posix::UnixSocket& socket) { before_.insert(socket.inode); });
    return obstacle;
  }
  std::string Listener() override {
    struct stat wanted = {};
    const bool exists = name_.front() != '@' && ::stat(Resolved(name_).c_str(), &wanted) == 0;
    std::string listener;
    ForEachUnixListener([&](const posix::UnixSocket& socket) {
      const bool matches = name_.front() == '@'
                               ? socket.abstract && socket.name == std::string_view(name_).substr(1)
                               : exists && IsBoundTo(socket, wanted);
      if (matches && !before_.contains(socket.inode)) listener = Text(socket);
    });
    return listener;
  }

 private:
  std::string Resolved(std::string_view name) const {
    if (name.starts_with('/') || directory_.empty()) return std::string(name);
    return fmt::format("{}/{}", directory_, name);
  }

  // By the file and not by the name, which the server may have given in another
  // form. On overlayfs, as in a cell's working directory, the kernel's inode
  // and stat(2)'s may differ, so the name's own file counts, too.
  bool IsBoundTo(const posix::UnixSocket& socket, const struct stat& wanted) const {
    if (socket.abstract || !socket.has_file) return false;
    if (socket.file_inode == static_cast<std::uint32_t>(wanted.st_ino) &&
        socket.file_major == major(wanted.st_dev) && socket.file_minor == minor(wanted.st_dev)) {
      return true;
    }
    struct stat named = {};
    return ::stat(Resolved(socket.name).c_str(), &named) == 0 && named.st_ino == wanted.st_ino &&
           named.st_dev == wanted.st_dev;
  }

  std::string name_;
  std::string directory_;
  // What listened before the start, perhaps at a file of this name that is gone.
  std::set<std::uint32_t> before_;
};

// Woken by inotify, and by ticks where the user's inotify instances are used
// up (fs.inotify.max_user_instances, 128 by default, for all of a run's cells).
class LineReadiness : public Readiness {
 public:
  LineReadiness(const std::string& text, const OutputFile& output)
      : text_(text), watch_(output.Watch()), search_(output, text) {
    if (text.empty()) throw std::runtime_error("Ready::Line needs a text");
    if (!watch_) ticks_.emplace();
  }

  bool Reached() override { return search_.Found(); }
  std::string Missing() override {
    return fmt::format("\"{}\" did not appear in its output", text_);
  }
  int event_fd() const override { return ticks_ ? ticks_->fd() : watch_.get(); }
  void ConsumeEvent() override {
    if (ticks_) {
      ticks_->Consume();
    } else {
      Drain(watch_.get());
    }
  }

 private:
  std::string text_;
  posix::UniqueFd watch_;
  std::optional<Ticks> ticks_;
  TextSearch search_;
};

class WhenReadiness : public TickingReadiness {
 public:
  explicit WhenReadiness(const std::function<bool()>& condition) : condition_(condition) {
    if (!condition_) throw std::runtime_error("Ready::When needs a callable");
  }

  bool Reached() override {
    try {
      return condition_();
    } catch (const std::exception& exception) {
      throw std::runtime_error(
          fmt::format("the condition of Ready::When threw: {}", exception.what()));
    } catch (...) {
      throw std::runtime_error("the condition of Ready::When threw");
    }
  }
  std::string Missing() override { return "the condition of Ready::When did not hold"; }

 private:
  const std::function<bool()>& condition_;
};

}  // namespace

std::unique_ptr<Readiness> MakeReadiness(const ServerOptions& options, const OutputFile& output) {
  switch (options.ready.kind) {
    case Ready::Kind::kStarted:
      break;
    case Ready::Kind::kTcp:
      return std::make_unique<TcpReadiness>(options.ready.port);
    case Ready::Kind::kUnix:
      return std::make_unique<UnixReadiness>(options);
    case Ready::Kind::kLine:
      return std::make_unique<LineReadiness>(options.ready.text, output);
    case Ready::Kind::kWhen:
      return std::make_unique<WhenReadiness>(options.ready.condition);
  }
  return std::make_unique<StartedReadiness>();
}

}  // namespace testcell::server
