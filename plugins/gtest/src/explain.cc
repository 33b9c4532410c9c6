#include "explain.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "gtest_flags.h"
#include "minimise.h"
#include "preconditions.h"
#include "private_access.h"

#ifndef TESTCELL_KEEP_GTEST_MACROS
#define TESTCELL_KEEP_GTEST_MACROS
#endif
#include "testcell/internal/fixture.h"

namespace testcell {
namespace internal {
namespace {

constexpr int kStatusExplained = 0;
constexpr int kStatusUnexplained = 1;
constexpr int kStatusNothingRun = 2;
// What a run takes for hung unless a flag or the suite's Options say otherwise.
constexpr std::chrono::minutes kExplainTimeout{1};
constexpr std::size_t kMostLeftOut = 50;
constexpr int kMostRuns = 2000;

bool PassesFilter(const DeclaredTest& declared) {
  if (!MatchesFilter(TESTCELL_GTEST_GET(filter), declared.name())) return false;
  if (TESTCELL_GTEST_GET(also_run_disabled_tests)) return true;
  const char* const disabled = "DISABLED_*:*/DISABLED_*";
  return !MatchesFilter(disabled, declared.test->test_suite_name()) &&
         !MatchesFilter(disabled, declared.test->name());
}

std::string CountOf(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

// The run that the test's suite would have its cells made by.
Options OptionsOf(const DeclaredTest& declared, const Setup& setup) {
  const FixtureRecord* const fixture = FindFixture(*TestList(*declared.suite).front());
  const bool own = fixture != nullptr && fixture->options != nullptr;
  Options options = own ? fixture->options() : setup.default_options;
  options.carry.clear();
  return options;
}

std::chrono::milliseconds TimeLimit(const Options& options, const Flags& flags) {
  if (options.time_limit) return *options.time_limit;
  return flags.timeout == CellFlags().timeout ? kExplainTimeout : flags.timeout;
}

int RefuseToExplain(const std::string& why) {
  std::fflush(stdout);
  std::fprintf(stderr, "testcell: no test was run: %s\n", why.c_str());
  return kStatusNothingRun;
}

bool Passed(const Observation& seen) { return seen.verdict == Verdict::kPassed; }

}  // namespace

int Explain(const Setup& setup, ::testing::UnitTest* unit_test, Laboratory::RunFunction run) {
  std::vector<DeclaredTest> tests = DeclaredTests(unit_test);
  const std::string& name = setup.flags.explain;
  const auto found = std::find_if(tests.begin(), tests.end(), [&](const DeclaredTest& declared) {
    return declared.name() == name;
  });
  if (found == tests.end()) {
    return RefuseToExplain("--testcell_explain=" + name +
                           ": there is no such test; --gtest_list_tests names them");
  }
  WarnOfThreadsAndSockets();
  const auto subject = static_cast<std::size_t>(found - tests.begin());
  return Explainer(setup, unit_test, run, std::move(tests), subject).Explain();
}

Explainer::Explainer(const Setup& setup, ::testing::UnitTest* unit_test,
                     Laboratory::RunFunction run, std::vector<DeclaredTest> tests,
                     std::size_t subject)
    : setup_(setup),
      tests_(std::move(tests)),
      subject_(subject),
      laboratory_(setup_, tests_, subject_, unit_test, run),
      options_(OptionsOf(tests_[subject_], setup_)) {
  laboratory_.set_time_limit(TimeLimit(options_, setup_.flags));
  for (std::size_t i = 0; i < subject_; ++i) {
    if (PassesFilter(tests_[i])) before_.push_back(i);
  }
}

int Explainer::Explain() {
  report_.Say("explains " + tests_[subject_].name() +
              ": runs it in fresh cells, each run in one process and in the order of "
              "declaration; " +
              (before_.empty()
                   ? "no test comes"
                   : CountOf(before_.size(), "test") + (before_.size() == 1 ? " comes" : " come")) +
              " before it");
  Observation alone;
  const bool steady = TryAlone(&alone);
  if (alone.verdict == Verdict::kNoCell) return RefuseToExplain(alone.reason);
  if (laboratory_.interrupted() != 0) return SayInterrupted();
  if (!steady) return SayFlaky("alone");
  Observation after_all = alone;
  const bool steady_after = before_.empty() || TryAfterAll(&after_all);
  if (laboratory_.interrupted() != 0) return SayInterrupted();
  if (!steady_after) return SayFlaky("after the tests before it");
  const int status = Conclude(alone, after_all);
  return laboratory_.interrupted() != 0 ? SayInterrupted() : status;
}

// Where it was interrupted it says nothing, whatever it returns.
int Explainer::Conclude(const Observation& alone, const Observation& after_all) {
  if (Passed(alone)) {
    if (Passed(after_all)) return SayNothingFound();
    if (after_all.verdict != Verdict::kNotReached) return SayBroken(after_all);
    report_.Say("no explanation: more than " + std::to_string(kMostLeftOut) +
                " of the tests before it end the process; --gtest_filter leaves tests out");
    return kStatusUnexplained;
  }
  return Passed(after_all) ? SayNeeded(alone) : TryHost(alone);
}

// Experiments

Experiment Explainer::Make(const Condition& condition) const {
  Experiment experiment;
  experiment.before = condition.before;
  experiment.options = options_;
  for (const HostPart* part : condition.parts) part->give(&experiment);
  return experiment;
}

std::string Explainer::Describe(const Condition& condition) const {
  const std::vector<std::size_t>& before = condition.before;
  std::string text = "alone";
  if (before.size() > 1 && before.size() == before_.size()) {
    text = (left_out_.empty() ? "after all " : "after the other ") + std::to_string(before.size()) +
           " tests before it";
  } else if (before.size() > 3) {
    text = "after " + std::to_string(before.size()) + " of them, " + tests_[before.front()].name() +
           " to " + tests_[before.back()].name();
  } else if (!before.empty()) {
    text = "after " + Names(before);
  }
  const std::vector<const HostPart*>& parts = condition.parts;
  if (parts.size() > 2 && parts == HiddenParts(false)) return text + ", with what cells hide";
  if (parts.size() > 2 && parts == HiddenParts(true)) {
    return text + ", with what cells hide and the host's own directories";
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    text += (i == 0                 ? ", with "
             : i + 1 < parts.size() ? ", "
                                    : " and ") +
            std::string(parts[i]->name);
  }
  return text;
}

Observation Explainer::Try(const Condition& condition) {
  return Try(Make(condition), Describe(condition));
}

Observation Explainer::Try(const Experiment& experiment, const std::string& what) {
  Observation seen = laboratory_.Run(experiment);
  if (seen.verdict == Verdict::kInterrupted) return seen;
  if (seen.verdict == Verdict::kNotReached) {
    seen.reason = tests_[static_cast<std::size_t>(seen.culprit)].name() +
                  (seen.hung ? " did not end" : " ended the process") + " (" + seen.reason + ")";
  }
  report_.Row(laboratory_.runs(), seen, what);
  return seen;
}

bool Explainer::TryTwice(const Condition& condition, Observation* seen) {
  *seen = Try(condition);
  if (seen->hung || laboratory_.interrupted() != 0) return true;
  return Try(condition).verdict == seen->verdict;
}

bool Explainer::TryAlone(Observation* seen) {
  *seen = Try(Condition());
  for (int again = 0; again < 2; ++again) {
    if (seen->verdict == Verdict::kNoCell || seen->hung) return true;
    if (laboratory_.interrupted() != 0) return true;
    if (Try(Condition()).verdict != seen->verdict) return laboratory_.interrupted() != 0;
  }
  return true;
}

bool Explainer::LeaveOut(int culprit) {
  const auto index = static_cast<std::size_t>(culprit);
  const auto at = std::find(before_.begin(), before_.end(), index);
  if (at == before_.end() || left_out_.size() >= kMostLeftOut) return false;
  before_.erase(at);
  left_out_.push_back(index);
  report_.Add(tests_[index].name() + " is left out from here on");
  return true;
}

bool Explainer::TryAfterAll(Observation* seen) {
  Observation again;
  do {
    *seen = Try({before_, {}});
    again = *seen;
    if (seen->verdict == Verdict::kNotReached || seen->hung) continue;
    if (laboratory_.interrupted() != 0) return true;
    again = Try({before_, {}});
  } while (again.verdict == Verdict::kNotReached && LeaveOut(again.culprit));
  return laboratory_.interrupted() != 0 || again.verdict == seen->verdict;
}

// First which tests, with all the parts that there are; then which part, of which
// mostly one will do.
Explainer::Condition Explainer::Minimal(const Condition& condition, const Holds& holds) {
  Condition minimal = condition;
  const auto enough = [&](const Condition& some) {
    return laboratory_.runs() < kMostRuns && holds(Try(some));
  };
  minimal.before = Minimise(minimal.before, [&](const std::vector<std::size_t>& some) {
    return enough({some, minimal.parts});
  });
  const auto enough_parts = [&](const std::vector<const HostPart*>& some) {
    return enough({minimal.before, some});
  };
  if (minimal.parts.size() < 2) return minimal;
  const auto single = std::find_if(minimal.parts.begin(), minimal.parts.end(),
                                   [&](const HostPart* part) { return enough_parts({part}); });
  if (single != minimal.parts.end()) {
    minimal.parts = {*single};
  } else {
    minimal.parts = Minimise(minimal.parts, enough_parts);
  }
  return minimal;
}

bool Explainer::Confirm(const Condition& condition, const Holds& holds) {
  for (int again = 0; again < 2; ++again) {
    const Observation seen = Try(condition);
    if (laboratory_.interrupted() != 0) return true;
    if (!holds(seen)) return false;
    if (seen.hung) return true;
  }
  return true;
}

// Conclusions

std::string Explainer::Names(const std::vector<std::size_t>& tests) const {
  constexpr std::size_t kMostNames = 12;
  std::string text;
  for (std::size_t i = 0; i < tests.size() && i < kMostNames; ++i) {
    const bool last = i + 1 == tests.size();
    text += i == 0 ? "" : last ? " and " : ", ";
    text += tests_[tests[i]].name();
  }
  if (tests.size() > kMostNames) {
    text += " and " + std::to_string(tests.size() - kMostNames) + " more";
  }
  return text;
}

bool Explainer::AllOfItsSuite(const std::vector<std::size_t>& tests) const {
  return std::all_of(tests.begin(), tests.end(), [this](std::size_t index) {
    return tests_[index].suite == tests_[subject_].suite;
  });
}

std::string Explainer::CountRuns() const {
  return " (" + CountOf(static_cast<std::size_t>(laboratory_.runs()), "run") + ")";
}

int Explainer::SayNeeded(const Observation& alone) {
  const Condition minimal = Minimal({before_, {}}, Passed);
  if (!Confirm(minimal, Passed)) return SayFlaky(Describe(minimal));
  if (laboratory_.interrupted() != 0) return kStatusUnexplained;
  const std::string name = tests_[subject_].name();
  report_.Say(name + " needs " + Names(minimal.before) + " to run before it" + CountRuns());
  report_.Quote(
      "Alone it " + std::string(alone.verdict == Verdict::kSkipped ? "skips" : "fails") + ":",
      alone);
  report_.Add("In cells each test starts from the program as it was before the first one. Let " +
              name +
              " make what it needs itself: in its fixture, SetUpTestSuite or an Environment.");
  if (AllOfItsSuite(minimal.before)) {
    report_.Add("Or let the tests of the suite share a cell, in order: --testcell_suites=shared");
  } else {
    report_.Add(
        "No cell is shared by tests of several suites; until then "
        "--testcell_isolate=off has them in one process.");
  }
  return kStatusExplained;
}

int Explainer::SayBroken(const Observation& after_all) {
  const Holds holds = [&](const Observation& seen) { return seen.verdict == after_all.verdict; };
  const Condition minimal = Minimal({before_, {}}, holds);
  if (!Confirm(minimal, holds)) return SayFlaky(Describe(minimal));
  const Observation last = Try(minimal);
  if (laboratory_.interrupted() != 0) return kStatusUnexplained;
  const bool one = minimal.before.size() == 1;
  const std::string name = tests_[subject_].name();
  report_.Say(name + " is broken by " + Names(minimal.before) + (one ? "" : " together") +
              ", before it in the same process" + CountRuns());
  report_.Quote("After " + std::string(one ? "it:" : "them:"), last);
  report_.Add(
      "Cells keep them apart, so that it passes in them. It fails with "
      "--testcell_isolate=off" +
      std::string(AllOfItsSuite(minimal.before) ? " or --testcell_suites=shared" : "") +
      ": what is left behind there has to be taken back in a TearDown.");
  return kStatusExplained;
}

int Explainer::SayFlaky(const std::string& when) {
  if (laboratory_.interrupted() != 0) return kStatusUnexplained;
  report_.Say("no explanation: " + tests_[subject_].name() +
              " is flaky. It came out differently from one run to the next " + when +
              ", so that nothing follows from what ran before it" + CountRuns());
  report_.Add("It depends on time, chance, or files that cells share with the host.");
  return kStatusUnexplained;
}

int Explainer::SayNothingFound() {
  const std::string count =
      before_.size() == 1 ? "the one test" : "the " + CountOf(before_.size(), "test");
  report_.Say("no dependence found: " + tests_[subject_].name() + " passes alone" +
              (before_.empty() ? "" : ", and after " + count + " before it") + CountRuns());
  if (!left_out_.empty()) {
    report_.Add("In one process it is not reached, since " + Names(left_out_) +
                (left_out_.size() == 1 ? " does not let it." : " do not let it."));
  }
  return kStatusExplained;
}

int Explainer::SayNeverPasses(const Observation& alone) {
  const std::string name = tests_[subject_].name();
  const bool skips = alone.verdict == Verdict::kSkipped;
  const Observation outside = laboratory_.RunOutside();
  if (laboratory_.interrupted() != 0) return kStatusUnexplained;
  report_.Row(laboratory_.runs(), outside, "alone, in a process without a cell");
  if (outside.verdict == Verdict::kNoCell) {
    report_.Say("no explanation: " + name + (skips ? " skips" : " fails") +
                " alone, after the tests before it, and with what cells hide; how it comes out "
                "without a cell is not known: " +
                outside.reason + CountRuns());
    report_.Quote("Alone:", alone);
    return kStatusUnexplained;
  }
  if (Passed(outside)) {
    report_.Say(name +
                " needs what no cell has: it passes alone in a process of the host, and in "
                "no cell, whatever that is given of the host's" +
                CountRuns());
    report_.Quote("Alone in a cell:", alone);
    report_.Add(
        "It may be processes of the host, mounts or devices. "
        "framework/docs/limitations.md says what differs in cells.");
    return kStatusExplained;
  }
  report_.Say(
      "no explanation: " + name + (skips ? " skips" : " fails") +
      " wherever it runs: alone, after the tests before it, with what cells hide, and without "
      "a cell" +
      CountRuns());
  report_.Quote("Alone:", alone);

  return kStatusUnexplained;
}

int Explainer::SayInterrupted() const {
  constexpr int kSignalBase = 128;
  std::fflush(stdout);
  std::fprintf(stderr, "testcell: interrupted\n");
  return kSignalBase + laboratory_.interrupted();
}

}  // namespace internal
}  // namespace testcell
