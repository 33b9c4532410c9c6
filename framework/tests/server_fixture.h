// What the tests of testcell::Server share.
//
// Threads and forks: for the test's main thread.
#ifndef TESTCELL_TESTS_SERVER_FIXTURE_H_
#define TESTCELL_TESTS_SERVER_FIXTURE_H_

#include <arpa/inet.h>
#include <dirent.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string>
#include <utility>

#include "posix/unique_fd.h"
#include "testcell/internal/hooks.h"
#include "testcell/server.h"

namespace testcell {

// A loopback port that nobody else gets while this lives: bound, but not
// listening, with SO_REUSEADDR, by which a payload may bind and listen.
class FreePort {
 public:
  explicit FreePort(int family = AF_INET) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int on = 1;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in6 v6 = {};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    auto* address =
        family == AF_INET ? reinterpret_cast<sockaddr*>(&v4) : reinterpret_cast<sockaddr*>(&v6);
    socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
    if (::bind(fd_.get(), address, size) != 0) return;
    ::getsockname(fd_.get(), address, &size);
    number_ = ::ntohs(family == AF_INET ? v4.sin_port : v6.sin6_port);
  }

  std::uint16_t number() const { return number_; }  // 0: the family is not to be had
  std::string text() const { return std::to_string(number_); }
  void Listen() { ASSERT_EQ(::listen(fd_.get(), 1), 0); }
  void Close() { fd_.Reset(); }

 private:
  posix::UniqueFd fd_;
  std::uint16_t number_ = 0;
};

inline std::set<std::string> OpenDescriptors() {
  std::set<std::string> names;
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory)) names.insert(entry->d_name);
  names.erase(std::to_string(::dirfd(directory)));
  ::closedir(directory);
  return names;
}

// The exit status of `body` run in a fork, 128 + signal if that ended it.
template <typename Body>
int ExitStatusInFork(Body&& body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Every test ends with the descriptors that it began with, and no child.
class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    // A server's orphans come here, as they come to init in a cell: their end
    // can be awaited.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    std::string pattern = testing::TempDir() + "/server_test.XXXXXX";
    directory_ = std::filesystem::canonical(::mkdtemp(pattern.data()));
    descriptors_ = OpenDescriptors();
  }

  ~ServerTest() override {
    internal::SetTestFailedQuery(nullptr);
    EXPECT_EQ(OpenDescriptors(), descriptors_);
    EXPECT_TRUE(::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD) << "a child is left";
    std::filesystem::remove_all(directory_);
  }

  static ServerOptions Payload(const std::string& name, std::vector<std::string> arguments = {}) {
    ServerOptions options;
    options.program = std::string(TESTCELL_SERVER_PAYLOADS) + "/server_" + name;
    options.arguments = std::move(arguments);
    // Long enough never to pass on a busy machine.
    options.start_deadline = std::chrono::minutes(1);
    options.stop_grace = std::chrono::minutes(1);
    return options;
  }

  static ServerOptions Payload(const std::string& name, std::vector<std::string> arguments,
                               Ready ready) {
    ServerOptions options = Payload(name, std::move(arguments));
    options.ready = std::move(ready);
    return options;
  }

  std::string Path(const std::string& name) const { return directory_ + "/" + name; }

  std::string directory_;

 private:
  std::set<std::string> descriptors_;
};

}  // namespace testcell

#endif  // TESTCELL_TESTS_SERVER_FIXTURE_H_
