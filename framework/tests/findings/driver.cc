// Runs payloads in cells and prints what was found, a line a finding:
//
//   findings_driver [--strict] [--all] [--jobs=N] [--repeat=N]
//                   [--user=root] [--user-namespace] [--shared=PATH] [PAYLOAD...]
//
//   PAYLOAD <tab> leak|use|lost|outcome <tab> KIND <tab> NAME <tab> DETAIL
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "payloads.h"
#include "testcell/internal/supervisor.h"

namespace {

using namespace testcell;
using namespace testcell::internal;

struct Arguments {
  RunSettings run;
  Options options;
  int repeat = 1;
  std::vector<std::string> payloads;
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  arguments.run.probes.leaks = arguments.run.probes.uses = true;
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    if (text == "--strict") {
      arguments.run.probes.strict = true;
    } else if (text == "--all") {
      arguments.run.probes.all_uses = true;
    } else if (text.rfind("--jobs=", 0) == 0) {
      arguments.run.jobs = std::atoi(text.c_str() + 7);
    } else if (text.rfind("--repeat=", 0) == 0) {
      arguments.repeat = std::atoi(text.c_str() + 9);
    } else if (text == "--user=root") {
      arguments.run.user = User::kRoot;
    } else if (text.rfind("--shared=", 0) == 0) {
      arguments.options.shared.push_back(text.substr(9));
    } else if (text == "--user-namespace") {
      arguments.options.user_namespace = true;
    } else {
      arguments.payloads.push_back(text);
    }
  }
  if (arguments.payloads.empty()) {
    for (const auto& [name, run] : payloads::All()) arguments.payloads.push_back(name);
  }
  return arguments;
}

[[noreturn]] void RunPayload(const Arguments& arguments) {
  TestProcess* const process = TestProcess::Current();
  const auto count = arguments.payloads.size();
  const auto index = static_cast<std::size_t>(process->unit()) % count;
  payloads::All().at(arguments.payloads[index])();
  process->Send(MessageType::kDone, "", false);
  process->ReportFindings();
  ::_exit(0);
}

const char* ByText(UsedBy by) {
  if (by == UsedBy::kTest) return "";
  return by == UsedBy::kSuiteSetUp ? "by=suite " : "by=environment ";
}

void Print(const std::string& payload, const Event& end) {
  if (end.outcome.kind != OutcomeKind::kPassed) {
    fmt::print("{}\toutcome\t{}\t{}\t\n", payload, Name(end.outcome.kind), end.outcome.reason);
  }
  if (end.not_listed > 0) fmt::print("{}\tlost\t\t{}\t\n", payload, end.not_listed);
  for (const Leak& leak : end.leaks) {
    std::string detail;
    for (const auto& [name, value] : leak.detail) detail += fmt::format("{}={} ", name, value);
    fmt::print("{}\tleak\t{}\t{}\t{}\n", payload, Name(leak.kind), leak.what, detail);
  }
  for (const Use& use : end.uses) {
    fmt::print("{}\tuse\t{}\t{}\t{}{}{}\n", payload, Name(use.kind), use.name, ByText(use.by),
               use.made_up ? "made_up " : "", use.shared ? "shared " : "");
  }
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments = Parse(argc, argv);
  arguments.run.notice = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  Supervisor supervisor(arguments.run);
  std::string error;
  const int plan = supervisor.AddPlan(arguments.options, &error);
  std::vector<UnitSpec> units;
  for (int i = 0; plan >= 0 && i < arguments.repeat; ++i) {
    for (const std::string& payload : arguments.payloads) {
      units.emplace_back();
      units.back().name = payload;
      units.back().plan = plan;
      units.back().time_limit = std::chrono::minutes(2);
    }
  }
  const std::size_t count = units.size();
  int first = 0;
  const Role role = plan < 0 ? Role::kError : supervisor.Fork(std::move(units), &first, &error);
  if (role == Role::kTest) RunPayload(arguments);
  if (role == Role::kError) {
    fmt::print(stderr, "findings_driver: {}\n", error);
    return 2;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::string& payload = arguments.payloads[i % arguments.payloads.size()];
    for (;;) {
      Event event = supervisor.Next(first + static_cast<int>(i));
      if (event.kind == Event::Kind::kOutput) {
        while (!event.output.empty()) std::fputs(event.output.Read().c_str(), stderr);
      }
      if (event.kind != Event::Kind::kEnd) continue;
      Print(payload, event);
      break;
    }
  }
  return 0;
}
