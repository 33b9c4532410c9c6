// testcell run: one command in one cell.
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "cell_arguments.h"
#include "command.h"
#include "locate.h"
#include "run_findings.h"
#include "signal_relay.h"
#include "terminal.h"
#include "testcell/internal/supervisor.h"

namespace testcell::cli {
namespace {

// As timeout(1) has it.
constexpr int kStatusTimedOut = 124;
constexpr int kSignalBase = 128;

constexpr char kDescription[] =
    "Runs a command in a cell: Linux namespaces of its own, with a private network,\n"
    "/tmp and working directory. The command has testcell's stdin, stdout, stderr\n"
    "and terminal; signals to testcell go on to it. What it left behind is said on\n"
    "stderr when it has ended.\n\n"
    "Exit status: the command's, or 128 + the signal that ended it; 124 if the time\n"
    "limit ended it, 126 if it can't be executed, 127 if it is not found; 2 for bad\n"
    "flags, or where no cell can be made. Where the command's is 0: 1 if it left\n"
    "something behind with --leaks=fail, 2 if files can't be carried back or a report\n"
    "can't be written.";

[[noreturn]] void Execute(const Words& command) {
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  ::_exit(CannotExecute(command[0], errno));
}

std::string SignalText(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  const char* const description = ::sigdescr_np(signal);
  if (name == nullptr) return "signal " + std::to_string(signal);
  return std::string("SIG") + name + " (" + description + ")";
}

int Conclude(const Words& command, const Outcome& outcome) {
  switch (outcome.kind) {
    case OutcomeKind::kTimedOut:
      Complain(outcome.reason);
      return kStatusTimedOut;
    case OutcomeKind::kSkipped:
      Complain("the command was not run: " + outcome.reason);
      return kStatusRefused;
    case OutcomeKind::kSetupFailed:
    case OutcomeKind::kInterrupted:
      Complain(outcome.reason);
      return kStatusRefused;
    default:
      break;
  }
  if (outcome.signal == 0 && outcome.exit_status < 0) Complain(outcome.reason);
  if (outcome.signal == 0) return outcome.exit_status < 0 ? kStatusRefused : outcome.exit_status;
  if (outcome.signal != SIGINT && outcome.signal != SIGPIPE) {
    Complain("'" + command[0] + "' was ended by " + SignalText(outcome.signal));
  }
  return kSignalBase + outcome.signal;
}

struct Request {
  internal::CellFlags flags;
  internal::FindingFlags findings;
  Options options;
  Words command;
};

// -1: go on with what stands in *request.
int Read(const Words& words, Request* request) {
  // A command is no test: it may take its time.
  request->flags.timeout = request->flags.slow = std::chrono::milliseconds(0);
  internal::FlagTable table = internal::CellFlagTable(&request->flags);
  for (internal::Flag& flag : internal::FindingFlagTable(&request->findings)) {
    table.push_back(std::move(flag));
  }
  const std::string error = internal::ParseEnvironmentFlags(table);
  if (!error.empty()) {
    Complain(error);
    return kStatusRefused;
  }
  CLI::App app(kDescription, "testcell run");
  SetUsage(&app, "testcell run [FLAGS] -- COMMAND [ARGUMENTS]");
  AddFlags(&app, table);
  AddCellArguments(&app, &request->options);
  const int status = Parse(&app, words, &request->command);
  if (status >= 0) return status;
  const std::string forbidden = internal::CheckFallback(request->flags);
  if (!forbidden.empty()) {
    Complain(forbidden);
    return kStatusRefused;
  }
  if (!request->command.empty()) return -1;
  Complain("there is no command to run; testcell run --help has the form");
  return kStatusRefused;
}

}  // namespace

int Run(const Words& words) {
  Request request;
  const int refused = Read(words, &request);
  if (refused >= 0) return refused;
  const RunFindings findings(request.findings);
  std::string error = findings.Check();
  if (!error.empty()) {
    Complain(error);
    return kStatusRefused;
  }

  const Terminal terminal;
  SignalRelay relay(terminal.attach());
  internal::RunSettings settings = internal::MakeRunSettings(request.flags);
  settings.jobs = 1;
  settings.attach = terminal.attach();
  settings.probes = findings.probes();
  const std::string program = Locate(request.command[0]);
  if (!program.empty()) settings.visible.push_back(program);
  settings.watched_fd = relay.fd();
  internal::Supervisor* running = nullptr;
  settings.on_readable = [&] { relay.PassOn(running, 0); };
  settings.on_stopped = [&](int unit, int signal) { relay.StopWith(running, unit, signal); };
  internal::Supervisor supervisor(settings);
  running = &supervisor;

  internal::UnitSpec unit;
  unit.name = request.command[0];
  unit.time_limit = request.flags.timeout;
  unit.plan = supervisor.AddPlan(request.options, &error);
  int number = 0;
  const internal::Role role =
      unit.plan < 0 ? internal::Role::kError : supervisor.Fork({unit}, &number, &error);
  if (role == internal::Role::kTest) {
    relay.RestoreMask();
    Execute(request.command);
  }
  if (role == internal::Role::kError) {
    Complain("the command was not run: " + error);
    return kStatusRefused;
  }
  internal::Event event = supervisor.Next(number);
  while (event.kind != internal::Event::Kind::kEnd) event = supervisor.Next(number);
  const bool died = event.outcome.exit_status < 0;
  terminal.TakeBack(died);
  int status = Conclude(request.command, event.outcome);
  std::vector<std::string> errors = event.carry_errors;
  for (std::string& late : supervisor.Settle()) errors.push_back(std::move(late));
  for (const std::string& each : errors) Complain(each);
  if (status == 0 && !errors.empty()) status = kStatusRefused;
  status = findings.Conclude(request.command, event, supervisor.missing(), status);
  // A script that waits for us is to end as if the command had been its own.
  if (event.outcome.signal == SIGINT && relay.interrupted_at_terminal()) DieOf(SIGINT);
  return status;
}

}  // namespace testcell::cli
