// What a full cell costs, held against the same system calls by hand in C.
//
//   cell_cost [--rounds=N] [--cells=N] [--jobs=J] [--at-most=RATIO]
//             [--probes-at-most=RATIO]
//
// And what it costs to look for leaks and uses in it: cells with all default
// probes against cells without. The sides take turns within one run, because figures of different
// minutes don't compare. A round's figure is its wall time divided by its cells, for all; a ratio
// is the median over the rounds of paired ratios. With --at-most and --probes-at-most the exit
// status says whether they are kept.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "testcell/internal/supervisor.h"

namespace {

using testcell::internal::Event;
using testcell::internal::MessageType;
using testcell::internal::Role;
using testcell::internal::RunSettings;
using testcell::internal::Supervisor;
using testcell::internal::TestProcess;
using testcell::internal::UnitSpec;

struct Arguments {
  int rounds = 20;
  int cells = 100;
  int jobs = 1;
  double at_most = 0;
  double probes_at_most = 0;
};

// Microseconds a cell; the forking of workers, once a run, is not counted.
double MeasureCells(const Arguments& arguments, bool probes) {
  RunSettings settings;
  settings.probes.leaks = settings.probes.uses = probes;
  settings.jobs = arguments.jobs;
  Supervisor supervisor(settings);
  std::string error;
  const int plan = supervisor.AddPlan({}, &error);
  std::vector<UnitSpec> units(static_cast<std::size_t>(arguments.cells));
  for (UnitSpec& unit : units) {
    unit.name = "empty";
    unit.plan = plan;
  }
  int first = 0;
  const Role role = plan < 0 ? Role::kError : supervisor.Fork(std::move(units), &first, &error);
  if (role == Role::kTest) {
    TestProcess::Current()->Send(MessageType::kDone, "", false);
    TestProcess::Current()->ReportFindings();
    ::_exit(0);
  }
  if (role == Role::kError) {
    fmt::print(stderr, "cell_cost: {}\n", error);
    std::exit(1);
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int unit = first; unit < first + arguments.cells; ++unit) {
    while (supervisor.Next(unit).kind != Event::Kind::kEnd) {
    }
  }
  const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - begin;
  return time.count() / arguments.cells;
}

double MeasureFloor(const Arguments& arguments) {
  const std::string command =
      fmt::format("{} {} --json --jobs={}", TESTCELL_CELL_FLOOR, arguments.cells, arguments.jobs);
  std::FILE* const pipe = ::popen(command.c_str(), "re");
  std::array<char, 4096> text{};
  const std::size_t size = pipe == nullptr ? 0 : std::fread(text.data(), 1, text.size() - 1, pipe);
  const bool good = pipe != nullptr && ::pclose(pipe) == 0 && size > 0;
  const char* const key = good ? std::strstr(text.data(), "\"cells_per_second\": ") : nullptr;
  if (key == nullptr) {
    fmt::print(stderr, "cell_cost: '{}' gave no figures\n", command);
    std::exit(1);
  }
  return 1e6 / std::atof(std::strchr(key, ':') + 1);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Prints a row; the median of the ratios, round by round.
double Compare(const char* name, const std::vector<double>& values, const char* base_name,
               const std::vector<double>& base) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < values.size(); ++i) ratios.push_back(values[i] / base[i]);
  const double ratio = Median(ratios);
  fmt::print("{:<22} {:>6.0f} us a cell, {:.2f} of {} ({:.2f} to {:.2f})\n", name, Median(values),
             ratio, base_name, *std::min_element(ratios.begin(), ratios.end()),
             *std::max_element(ratios.begin(), ratios.end()));
  return ratio;
}

bool Parse(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string text = argv[i];
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) return false;
    const std::string name = text.substr(0, equals);
    const char* const value = text.c_str() + equals + 1;
    if (name == "--rounds") {
      arguments->rounds = std::atoi(value);
    } else if (name == "--cells") {
      arguments->cells = std::atoi(value);
    } else if (name == "--jobs") {
      arguments->jobs = std::atoi(value);
    } else if (name == "--at-most") {
      arguments->at_most = std::atof(value);
    } else if (name == "--probes-at-most") {
      arguments->probes_at_most = std::atof(value);
    } else {
      return false;
    }
  }
  return arguments->rounds > 0 && arguments->cells > 0 && arguments->jobs > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, &arguments)) {
    fmt::print(stderr,
               "usage: cell_cost [--rounds=N] [--cells=N] [--jobs=J] [--at-most=RATIO]\n"
               "                 [--probes-at-most=RATIO]\n");
    return 2;
  }
  std::vector<double> floors;
  std::vector<double> cells;
  std::vector<double> probed;
  for (int round = 0; round < arguments.rounds; ++round) {
    floors.push_back(MeasureFloor(arguments));
    cells.push_back(MeasureCells(arguments, false));
    probed.push_back(MeasureCells(arguments, true));
  }
  fmt::print("medians of {} rounds of {} cells, {} at once\n", arguments.rounds, arguments.cells,
             arguments.jobs);
  fmt::print("{:<22} {:>6.0f} us a cell\n", "floor", Median(floors));
  const double ratio = Compare("testcell", cells, "the floor", floors);
  const double probes_ratio = Compare("testcell with probes", probed, "without", cells);
  const bool kept = arguments.at_most <= 0 || ratio <= arguments.at_most;
  const bool probes_kept =
      arguments.probes_at_most <= 0 || probes_ratio <= arguments.probes_at_most;
  return kept && probes_kept ? 0 : 1;
}
