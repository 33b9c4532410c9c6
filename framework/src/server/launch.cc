// Boost.Process v1, and not v2, because v1 is what there is everywhere: it has
// been header-only in every Boost from Debian 12's default 1.74 (which has no
// v2) by 1.81 (where both are) to 1.88 and later (where it moved to
// boost/process/v1/). v2 would ask for libboost1.81-dev, which replaces the
// default's packages; from 1.88 on for linking libboost_process; and for an
// io_context with its epoll descriptors in every test process. Its launcher
// also ends a child whose exec failed by exit(3), which runs the test's own
// exit handlers a second time, and in 1.81 leaves that child as a zombie.
//
// Of v1 only the launching and the group's end are used. Its waiting is not
// (wait_for() works by SIGCHLD, wait() can't be bounded): see process_group.h.
// Two defects of the launching are made good below: a step that fails in the
// child does not keep it from going on to exec (so FailChild ends it), and the
// parent does not wait for a child that could not exec (so OnError reaps it).
#include "server/launch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The file system library of C++, so that nothing of Boost has to be linked.
#ifndef BOOST_PROCESS_USE_STD_FS
#define BOOST_PROCESS_USE_STD_FS
#endif
#if __has_include(<boost/process/v1/child.hpp>)
#include <boost/process/v1/args.hpp>
#include <boost/process/v1/child.hpp>
#include <boost/process/v1/error.hpp>
#include <boost/process/v1/exe.hpp>
#include <boost/process/v1/extend.hpp>
#include <boost/process/v1/group.hpp>
namespace bp = boost::process::v1;
#else
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/error.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/group.hpp>
namespace bp = boost::process;
#endif

#include <cerrno>
#include <system_error>

#include "posix/error.h"
#include "posix/unique_fd.h"

namespace testcell::server {

namespace {

using posix::UniqueFd;

#ifndef CLOSE_RANGE_CLOEXEC
constexpr unsigned int CLOSE_RANGE_CLOEXEC = 1u << 2;  // linux/close_range.h
#endif

enum class Step { kExec, kSignals, kStreams, kDescriptors, kDirectory };

// Boost hands on one number of what went wrong in the child: the step travels
// above the errno.
constexpr int kStepShift = 16;

int Encode(Step step, int error) { return (static_cast<int>(step) << kStepShift) | error; }

// The caller's signals, held up from before the fork until both sides have
// what they need: a handler of the test must not run in the child, and a timer
// that fires faster than a large process forks would restart the fork forever.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// What the child does before exec, and the parent if that fails. Boost calls
// the members by name, the on_exec_ ones in the child.
class ChildSetup : public bp::extend::handler {
 public:
  ChildSetup(int input, int output, const char* directory, char** environment)
      : input_(input), output_(output), directory_(directory), environment_(environment) {}

  template <typename Executor>
  void on_setup(Executor& executor) const {
    executor.env = environment_;
  }

  template <typename Executor>
  void on_exec_setup(Executor& executor) const {
    // Dispositions first: with the mask open, a handler of the test could run.
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &action, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    if (::sigprocmask(SIG_SETMASK, &none, nullptr) != 0) FailChild(executor, Step::kSignals);

    if (::dup2(input_, STDIN_FILENO) < 0 || ::dup2(output_, STDOUT_FILENO) < 0 ||
        ::dup2(output_, STDERR_FILENO) < 0) {
      FailChild(executor, Step::kStreams);
    }
    if (::syscall(SYS_close_range, STDERR_FILENO + 1u, ~0u, CLOSE_RANGE_CLOEXEC) != 0) {
      FailChild(executor, Step::kDescriptors);
    }
    if (directory_ != nullptr && ::chdir(directory_) != 0) FailChild(executor, Step::kDirectory);
  }

  template <typename Executor>
  void on_error(Executor& executor, const std::error_code&) const {
    if (executor.pid <= 0) return;
    posix::RetryOnInterrupt([&] { return ::waitpid(executor.pid, nullptr, 0); });
  }

 private:
  template <typename Executor>
  [[noreturn]] static void FailChild(Executor& executor, Step step) {
    executor.set_error(std::error_code(Encode(step, errno), std::system_category()), "");
    ::_exit(EXIT_FAILURE);
  }

  int input_;
  int output_;
  const char* directory_;
  char** environment_;
};

// A child's 0, 1 and 2 are made by dup2, which would close what lies there:
// where the test has closed its own, Boost's pipe would. So they are taken,
// for as long as this lives.
class StandardFdsTaken {
 public:
  StandardFdsTaken() {
    while (true) {
      UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!fd) posix::ThrowErrno(errno, "open /dev/null");
      if (fd.get() > STDERR_FILENO) {
        null_ = std::move(fd);
        return;
      }
      taken_[fd.get()] = std::move(fd);
    }
  }

  int null() const { return null_.get(); }

 private:
  UniqueFd taken_[3];
  UniqueFd null_;
};

[[noreturn]] void ThrowLaunchError(const Program& program, int encoded) {
  const int error = encoded & ((1 << kStepShift) - 1);
  switch (static_cast<Step>(encoded >> kStepShift)) {
    case Step::kSignals:
      posix::ThrowErrno(error, "sigprocmask in the child");
    case Step::kStreams:
      posix::ThrowErrno(error, "dup2 of stdin, stdout and stderr in the child");
    case Step::kDescriptors:
      posix::ThrowErrno(error, "close_range with CLOSE_RANGE_CLOEXEC, which needs Linux 5.11");
    case Step::kDirectory:
      posix::ThrowErrno(error, "chdir to its working directory {}", program.working_directory);
    case Step::kExec:
      break;
  }
  posix::ThrowErrno(error, "execve {}", program.path);
}

}  // namespace

pid_t Launch(const Program& program, int output) {
  std::vector<char*> environment;
  for (const std::string& entry : program.environment) {
    environment.push_back(const_cast<char*>(entry.c_str()));
  }
  environment.push_back(nullptr);
  const char* directory =
      program.working_directory.empty() ? nullptr : program.working_directory.c_str();

  StandardFdsTaken standard;
  const UniqueFd writer(::fcntl(output, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!writer) posix::ThrowErrno(errno, "fcntl F_DUPFD_CLOEXEC of the output file");

  std::error_code error;
  bp::group group;
  SignalsBlocked blocked;
  // The group stands before the setup: a child that fails is in it already.
  bp::child child(bp::exe = program.path, bp::args = program.arguments, group,
                  ChildSetup(standard.null(), writer.get(), directory, environment.data()), error);
  // Both would be killed by their destructors.
  child.detach();
  group.detach();
  if (error) ThrowLaunchError(program, error.value());
  return child.id();
}

void KillGroup(pid_t group) noexcept {
  if (group <= 1) return;  // killpg(3) takes 0 as the caller's own, 1 is never a server's
  bp::group doomed(group);
  std::error_code ignored;
  doomed.terminate(ignored);
}

}  // namespace testcell::server
