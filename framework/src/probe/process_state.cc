#include "probe/process_state.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

namespace testcell::probe {
namespace {

using Handler = void (*)(int);

std::string CurrentDirectory() {
  char path[PATH_MAX];
  return ::getcwd(path, sizeof path) != nullptr ? path : "(gone)";
}

mode_t CurrentUmask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

std::string OctalText(mode_t mode) {
  std::string text = "0000";
  for (std::size_t i = 4; i-- > 0; mode /= 8) text[i] = static_cast<char>('0' + mode % 8);
  return text;
}

std::map<std::string, std::string> CurrentEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    char* const equals = ::strchr(*entry, '=');
    if (equals != nullptr) variables[std::string(*entry, equals)] = equals + 1;
  }
  return variables;
}

std::string SignalText(int signal) {
  const char* const name = ::sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

const char* HandlerText(Handler handler) {
  if (handler == SIG_DFL) return "default";
  return handler == SIG_IGN ? "ignored" : "handled";
}

void ReportChange(const std::string& thing, const std::string& after, const std::string& before,
                  Sink* sink) {
  sink->Report(LeakKind::kState, thing + " " + after + ", was " + before,
               {{"state", thing}, {"before", before}, {"after", after}});
}

}  // namespace

ProcessState::ProcessState()
    : directory_(CurrentDirectory()), umask_(CurrentUmask()), environment_(CurrentEnvironment()) {
  ::sigprocmask(SIG_SETMASK, nullptr, &mask_);
  for (int signal = 1; signal < kSignals; ++signal) {
    struct sigaction action;
    if (::sigaction(signal, nullptr, &action) != 0) continue;
    handlers_[static_cast<std::size_t>(signal)] = action.sa_handler;
  }
}

void ProcessState::ReportChanges(Sink* sink) const {
  const ProcessState now;
  if (now.directory_ != directory_) {
    ReportChange("working directory", now.directory_, directory_, sink);
  }
  if (now.umask_ != umask_) ReportChange("umask", OctalText(now.umask_), OctalText(umask_), sink);
  ReportSignals(now, sink);
  ReportEnvironment(now, sink);
}

void ProcessState::ReportSignals(const ProcessState& now, Sink* sink) const {
  for (int signal = 1; signal < kSignals; ++signal) {
    const bool blocked = ::sigismember(&now.mask_, signal) == 1;
    if (blocked != (::sigismember(&mask_, signal) == 1)) {
      ReportChange(SignalText(signal), blocked ? "blocked" : "not blocked",
                   blocked ? "not blocked" : "blocked", sink);
    }
    const auto index = static_cast<std::size_t>(signal);
    if (now.handlers_[index] == handlers_[index]) continue;
    const std::string after = HandlerText(now.handlers_[index]);
    const std::string before = HandlerText(handlers_[index]);
    ReportChange(SignalText(signal), after, after == before ? before + " otherwise" : before, sink);
  }
}

void ProcessState::ReportEnvironment(const ProcessState& now, Sink* sink) const {
  for (const auto& [name, value] : now.environment_) {
    const auto before = environment_.find(name);
    if (before == environment_.end()) {
      ReportChange("environment variable " + name, "'" + value + "'", "not set", sink);
    } else if (before->second != value) {
      ReportChange("environment variable " + name, "'" + value + "'", "'" + before->second + "'",
                   sink);
    }
  }
  for (const auto& [name, value] : environment_) {
    if (now.environment_.count(name) == 0) {
      ReportChange("environment variable " + name, "not set", "'" + value + "'", sink);
    }
  }
}

}  // namespace testcell::probe
