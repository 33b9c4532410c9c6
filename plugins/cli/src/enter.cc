// testcell enter: a shell, or a command, inside a cell that is kept.
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "arguments.h"
#include "command.h"
#include "terminal.h"
#include "testcell/internal/kept_cell.h"

namespace testcell::cli {
namespace {

constexpr int kSignalBase = 128;
constexpr int kEndMs = 1000;

constexpr char kDescription[] =
    "Runs a command, or a shell, in a cell that --testcell_keep=failed has kept: in\n"
    "all of its namespaces, in the test's working directory, as the test's user and\n"
    "with its capabilities. ID is the number that the run has printed.\n\n"
    "Exit status: the command's, or 128 + the signal that ended it; 126 if it can't\n"
    "be executed, 127 if it is not found; 2 for bad flags, or where there is no such\n"
    "cell.";

// Blocked in this process, and waited for.
sigset_t Awaited() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) {
    ::sigaddset(&set, signal);
  }
  return set;
}

[[noreturn]] void Execute(Words command, const sigset_t& mask) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it is not to outlive who waits for it
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(CannotExecute(command[0], errno));
}

// True once the command has ended.
bool Reap(pid_t command, int* status) {
  for (;;) {
    const pid_t pid = ::waitpid(command, status, WNOHANG | WUNTRACED);
    if (pid < 0 && errno == EINTR) continue;
    if (pid <= 0) return pid < 0;
    if (!WIFSTOPPED(*status)) return true;
    // So that our shell sees a stopped job, and both go on by its fg.
    ::raise(SIGSTOP);
    ::kill(command, SIGCONT);
  }
}

int Await(pid_t command, const sigset_t& awaited) {
  int status = 0;
  while (!Reap(command, &status)) {
    siginfo_t info;
    const int signal = ::sigwaitinfo(&awaited, &info);
    // What the terminal sends it has sent to the command, too.
    if (signal > 0 && signal != SIGCHLD && info.si_code != SI_KERNEL) ::kill(command, signal);
  }
  return status;
}

Words Shell() {
  const char* const shell = std::getenv("SHELL");
  return {shell != nullptr && ::access(shell, X_OK) == 0 ? shell : "/bin/sh"};
}

// Nothing but one number.
bool ReadId(const std::string& text, int* id) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, *id);
  return error == std::errc() && rest == end && *id > 0;
}

// Where it is now, what tools do at the exit of a process does not work: LeakSanitizer
// waits for ever.
[[noreturn]] void Leave(int status) {
  std::fflush(nullptr);
  ::_exit(status);
}

}  // namespace

int Enter(const Words& words) {
  CLI::App app(kDescription, "testcell enter");
  SetUsage(&app, "testcell enter ID [-- COMMAND [ARGUMENTS]]");
  Words rest;
  const int refused = Parse(&app, words, &rest);
  if (refused >= 0) return refused;
  int id = 0;
  if (rest.empty() || !ReadId(rest.front(), &id)) {
    Complain(rest.empty() ? "there is no cell to enter; testcell enter --help has the form"
                          : "'" + rest.front() + "' is no number of a cell");
    return kStatusRefused;
  }
  rest.erase(rest.begin());
  if (!rest.empty() && rest.front() == "--") rest.erase(rest.begin());

  const Terminal terminal;
  const int init = static_cast<int>(::syscall(SYS_pidfd_open, id, 0));
  const std::string error = internal::EnterKeptCell(id);
  if (!error.empty()) {
    Complain(error);
    return kStatusRefused;
  }
  const sigset_t awaited = Awaited();
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &awaited, &before);
  const pid_t command = ::fork();
  if (command == 0) Execute(rest.empty() ? Shell() : rest, before);
  if (command < 0) {
    Complain("the cell has ended meanwhile");
    Leave(kStatusRefused);
  }
  const int status = Await(command, awaited);
  terminal.TakeBack(!WIFEXITED(status));
  if (WIFEXITED(status)) Leave(WEXITSTATUS(status));
  // The cell's init ends after all that is in the cell.
  pollfd ended{init, POLLIN, 0};
  if (WTERMSIG(status) == SIGKILL && ::poll(&ended, 1, kEndMs) > 0)
    Complain("the cell has ended, and the command with it");
  Leave(kSignalBase + WTERMSIG(status));
}

}  // namespace testcell::cli
