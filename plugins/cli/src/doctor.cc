// testcell doctor: what this host allows.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "arguments.h"
#include "command.h"
#include "doctor/check.h"
#include "doctor/host.h"
#include "testcell/internal/supervisor.h"

namespace testcell::cli {
namespace {

constexpr char kDescription[] =
    "Finds out, by trying, what this host allows: what each part of a cell needs,\n"
    "why it can't be had, what can be done about it, and what is lost without it.\n\n"
    "Exit status: 0 where a cell with default options works, else 1.";

struct Row {
  Check check;
  Finding finding;
  Diagnosis diagnosis;
};

// The proof of the whole: a cell as a test would get it.
struct CellResult {
  bool works = false;
  bool full = false;
  std::string reason;
  std::vector<MissingPart> missing;
  Rung rung = Rung::kFull;
};

CellResult TryCell(Fallback fallback) {
  CellResult result;
  internal::RunSettings settings;
  settings.fallback = fallback;
  settings.notice = [&](const std::string& text) { result.reason = text; };
  internal::Supervisor supervisor(settings);
  internal::UnitSpec unit;
  unit.name = "doctor";
  unit.time_limit = std::chrono::seconds(10);
  std::string error;
  int number = 0;
  unit.plan = supervisor.AddPlan(Options(), &error);
  const internal::Role role =
      unit.plan < 0 ? internal::Role::kError : supervisor.Fork({unit}, &number, &error);
  if (role == internal::Role::kTest) ::_exit(0);
  if (role == internal::Role::kError) {
    result.reason = error;
    return result;
  }
  internal::Event event = supervisor.Next(number);
  while (event.kind != internal::Event::Kind::kEnd) event = supervisor.Next(number);
  result.works = event.outcome.exit_status == 0;
  result.rung = supervisor.rung();
  result.full = result.rung == Rung::kFull;
  result.missing = supervisor.missing();
  if (!result.works) result.reason = event.outcome.reason;
  return result;
}

std::string Verdict(const CellResult& cell) {
  if (!cell.works) return "no cell works here: " + cell.reason;
  if (cell.full) return "a cell with default options works here";
  return "a cell with default options works here, but for a part: " + cell.reason;
}

// What tests would have with --testcell_fallback, where a full cell does not work.
std::string DescribeFallback(const CellResult& less) {
  if (!less.works) return "no --testcell_fallback helps: " + less.reason;
  if (less.rung == Rung::kFork) {
    return "with --testcell_fallback=fork each test runs in a process of its own, and no more";
  }
  std::string text = "with --testcell_fallback=partial tests run without";
  for (const MissingPart& part : less.missing) {
    text += (&part == &less.missing.front() ? " " : ", ") + part.title;
  }
  return text;
}

std::string DescribeHost(const Host& host) {
  std::string text = "Linux " + host.kernel;
  text += host.root ? (host.admin ? ", as root" : ", as root without CAP_SYS_ADMIN")
                    : ", as an ordinary user";
  text += host.container.empty() ? ", no container found" : ", in " + host.container;
  if (host.in_user_namespace) text += ", in a user namespace";
  if (host.chrooted) text += ", in a chroot";
  if (host.seccomp) text += ", with a seccomp filter";
  if (!host.apparmor.empty()) text += ", with the AppArmor profile '" + host.apparmor + "'";
  return text;
}

void PrintText(const std::vector<Row>& rows, const CellResult& cell, const CellResult& less,
               const Host& host) {
  std::cout << "testcell doctor: " << Verdict(cell) << "\n";
  if (!cell.works) std::cout << DescribeFallback(less) << "\n";
  std::cout << DescribeHost(host) << "\n\n";
  for (const Row& row : rows) {
    const bool required = row.check.weight == Weight::kRequired;
    const char* mark = row.finding.works ? "works" : required ? "FAILS" : "fails";
    std::string title = row.check.title;
    if (!required) title += " (optional)";
    std::cout << "  " << mark << "  " << title << "\n";
    if (row.finding.works) continue;
    std::cout << "         " << row.diagnosis.reason << "\n";
    if (!row.diagnosis.remedy.empty()) {
      std::cout << "         remedy: " << row.diagnosis.remedy << "\n";
    }
    std::cout << "         lost: " << row.check.lost << "\n";
  }
}

void PrintJson(const std::vector<Row>& rows, const CellResult& cell, const CellResult& less,
               const Host& host) {
  using Json = nlohmann::ordered_json;
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? Json() : Json(text);
  };
  Json list = Json::array();
  for (const Row& row : rows) {
    const char* const name =
        row.finding.error == 0 ? nullptr : ::strerrorname_np(row.finding.error);
    list.push_back({{"name", row.check.name},
                    {"title", row.check.title},
                    {"works", row.finding.works},
                    {"required", row.check.weight == Weight::kRequired},
                    {"call", text_or_null(row.finding.call)},
                    {"error", name == nullptr ? Json() : Json(name)},
                    {"reason", text_or_null(row.diagnosis.reason)},
                    {"remedy", text_or_null(row.diagnosis.remedy)},
                    {"lost", row.finding.works ? Json() : Json(row.check.lost)}});
  }
  Json fallback;
  if (!cell.works && less.works) {
    fallback = {{"rung", Name(less.rung)}, {"missing", Json::array()}};
    for (const MissingPart& part : less.missing) fallback["missing"].push_back(part.name);
  }
  const Json report = {{"schema", 1},
                       {"tool", "testcell doctor"},
                       {"version", TESTCELL_VERSION},
                       {"works", cell.works},
                       {"rung", cell.works ? Json(cell.full ? "full" : "partial") : Json()},
                       {"reason", text_or_null(cell.reason)},
                       {"fallback", fallback},
                       {"host",
                        {{"kernel", host.kernel},
                         {"root", host.root},
                         {"container", text_or_null(host.container)},
                         {"user_namespace", host.in_user_namespace},
                         {"chroot", host.chrooted},
                         {"seccomp", host.seccomp},
                         {"apparmor", text_or_null(host.apparmor)}}},
                       {"rows", list}};
  std::cout << report.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

}  // namespace

int Doctor(const Words& words) {
  CLI::App app(kDescription, "testcell doctor");
  SetUsage(&app, "testcell doctor [--json]");
  bool json = false;
  app.add_flag("--json", json, "The same for programs, as one JSON object.")->group("Output");
  Words rest;
  const int refused = Parse(&app, words, &rest);
  if (refused >= 0) return refused;
  if (!rest.empty()) {
    Complain("doctor takes no '" + rest.front() + "'");
    return kStatusRefused;
  }
  const Host host = ReadHost();
  std::vector<Row> rows;
  for (const auto& checks : {NamespaceChecks(), MountChecks(), NetworkChecks(), SystemChecks()}) {
    for (const Check& check : checks) {
      Row row{check, Run(check), {}};
      if (!row.finding.works) row.diagnosis = Diagnose(check, row.finding, host);
      rows.push_back(std::move(row));
    }
  }
  const CellResult cell = TryCell(Fallback::kNone);
  const CellResult less = cell.works ? cell : TryCell(Fallback::kFork);
  if (json) {
    PrintJson(rows, cell, less, host);
  } else {
    PrintText(rows, cell, less, host);
  }
  std::cout.flush();
  return cell.works ? 0 : 1;
}

}  // namespace testcell::cli
