// A real program that serves a test, in the test's own cell: started, waited
// for, listened to, stopped and reaped.
//
//   testcell::ServerOptions options;
//   options.program = "nginx";
//   options.arguments = {"-c", "/etc/app/nginx.conf", "-g", "daemon off;"};
//   options.ready = testcell::Ready::Tcp(80);
//   testcell::Server nginx(options);
//   ASSERT_TRUE(nginx.Start()) << nginx.error();
//   ...                       // requests to 127.0.0.1:80
//   EXPECT_TRUE(nginx.Stop()) << nginx.error();  // or leave it to ~Server
//
// The program gets the empty signal mask, default signal dispositions, stdin
// from /dev/null, stdout and stderr into a memfd (memfd_create(2)), no other
// descriptor, and a process group of its own: Stop signals and awaits all of
// the group. A process that leaves it (setsid(2)) ends with the cell. Needs
// Linux 5.11 (pidfd_open(2): 5.3, close_range(2) with CLOSE_RANGE_CLOEXEC:
// 5.11) and a mounted /proc.
//
// Errors are values: no function here throws. One that returns false leaves in
// error() what was tried, on what, why it failed, and the last output.
//
// Threads and forks: no thread is started. A Server is for one thread at a
// time; two of them may be used by two threads. In a child that the test forks
// a Server is inert: its destructor leaves the program alone. A test that
// ignores SIGCHLD, or reaps whatever child there is (waitpid(2) with -1), takes
// the program's exit status away; Stop() then returns false and says so.
#ifndef TESTCELL_SERVER_H_
#define TESTCELL_SERVER_H_

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace testcell {

// When a started program counts as ready to serve.
struct Ready {
  enum class Kind { kStarted, kTcp, kUnix, kLine, kWhen };

  // execve(2) has succeeded.
  static Ready Started() { return {}; }

  // A TCP socket, IPv4 or IPv6, listens on the port, on whatever address. The
  // kernel is asked (sock_diag(7)); the server sees no connection. A socket
  // that listens there before the start is an error.
  static Ready Tcp(std::uint16_t port) { return {Kind::kTcp, port, {}, {}}; }

  // A stream or seqpacket socket listens at the path, or, for "@name", at the
  // abstract name (unix(7)). A relative path is relative to the program's
  // working directory. As Tcp() for what is there before.
  static Ready Unix(std::string path) { return {Kind::kUnix, 0, std::move(path), {}}; }

  // The text has appeared on stdout or stderr, in a line or across lines. Mind
  // that many programs buffer stdout unless it is a terminal.
  static Ready Line(std::string text) { return {Kind::kLine, 0, std::move(text), {}}; }

  // The callable returns true. It is called on the thread that called Start(),
  // at once and then every 1 to 10 ms; the deadline is checked between calls.
  // If it throws, Start() fails.
  static Ready When(std::function<bool()> condition) {
    return {Kind::kWhen, 0, {}, std::move(condition)};
  }

  Kind kind = Kind::kStarted;
  std::uint16_t port = 0;
  std::string text;
  std::function<bool()> condition;
};

struct ServerOptions {
  // A name is looked up in PATH, then in /usr/local/sbin, /usr/sbin and /sbin;
  // a relative path with a slash starts at the test's working directory.
  std::string program;
  std::vector<std::string> arguments;  // without the program's name
  // Set after the inherited environment; an empty optional unsets the variable.
  std::vector<std::pair<std::string, std::optional<std::string>>> environment;
  std::string working_directory;  // empty: the test's
  Ready ready;
  std::chrono::milliseconds start_deadline{10'000};  // from Start() to ready
  std::chrono::milliseconds stop_grace{5'000};       // from SIGTERM to SIGKILL
  // How much of stdout and stderr together is kept: the last so many bytes.
  // More than that takes memory until the next call of Start(), Output() or
  // Stop(), since the program itself writes it, without a reader.
  std::size_t output_limit_bytes = std::size_t{1} << 20;
};

class Server {
 public:
  // Starts nothing yet.
  explicit Server(ServerOptions options);
  // Stop(), with what it finds wrong on stderr.
  ~Server();
  // The other is then as if never started, and can't be.
  Server(Server&& other) noexcept;
  // As ~Server for what it held.
  Server& operator=(Server&& other) noexcept;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Starts the program and blocks until it is ready, at most start_deadline.
  // False: it could not be started, ended before it was ready, or was not ready
  // in time, and nothing of it is left. A program that puts itself in the
  // background has ended: run it in the foreground. May be called again after
  // Stop(), for another run of the same program.
  bool Start();

  // SIGTERM to the process group, at most stop_grace for all of it to end, then
  // SIGKILL to the rest; reaps the program. Blocks for it. True if the program
  // was not running, or ended in time by SIGTERM, with status 0, or with 143
  // (128 + SIGTERM, as shells and virtual machines say it). False if something
  // had to be killed, or the program ended otherwise or earlier, but for an
  // earlier exit with status 0. Nothing of the group is alive either way.
  //
  // When the test has failed (testcell/internal/hooks.h) this, or ~Server,
  // writes what is kept of the output to stderr, once.
  bool Stop();

  // Of the program, which is also its process group's; -1 unless it has been
  // started and not been stopped. It stays valid when the program has ended.
  pid_t pid() const noexcept;

  // Whether the program has been started and has not ended. Does not block.
  bool running() const noexcept;

  // The last output_limit_bytes of stdout and stderr, as they came, after a
  // line that says how much was dropped, if any was. Until the next Start().
  // Does not block.
  std::string Output() const;

  // Why the last Start() or Stop() returned false; else empty. Valid until the
  // next call of either.
  const std::string& error() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace testcell

#endif  // TESTCELL_SERVER_H_
