#include "experiment.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <utility>

#include "experiment_listener.h"
#include "outside.h"
#include "preconditions.h"
#include "private_access.h"
#include "unseen_suites.h"

namespace testcell {
namespace internal {
namespace {

void KeepEnd(const std::string& more, std::string* text) {
  *text += more;
  if (text->size() > kMostSaid) text->erase(0, text->size() - kMostSaid);
}

std::string FirstLineOf(const std::string& text) {
  return text.substr(0, std::min(text.find_first_of(";\n"), text.size()));
}

}  // namespace

std::vector<DeclaredTest> DeclaredTests(::testing::UnitTest* unit_test) {
  std::vector<DeclaredTest> tests;
  for (int i = 0; ::testing::TestSuite* const suite = SuiteToRun(*unit_test, i); ++i) {
    const std::vector<::testing::TestInfo*> sorted = SortedTests(*suite);
    for (const int index : TestIndices(*suite)) {
      tests.push_back({suite, sorted[static_cast<std::size_t>(index)]});
    }
  }
  return tests;
}

// How far the tests of a run have come.
struct Laboratory::Course {
  bool alone = false;
  bool in_set_up = false;  // of the subject's suite
  int current = -1;
  bool ended = false;  // the current test
  bool failed = false;
  bool skipped = false;
  bool part_skipped = false;
  bool done = false;
};

RunSettings Laboratory::Settings(const Experiment& experiment) {
  RunSettings settings = MakePluginSettings(setup_.flags);
  settings.jobs = 1;
  settings.slow = std::chrono::milliseconds(0);
  settings.one_output = true;
  settings.carry.clear();
  settings.visible = setup_.visible;
  settings.probes.connections = experiment.connections;
  settings.notice = [this](const std::string& text) {
    if (notices_.insert(text).second) std::fprintf(stderr, "testcell: %s\n", text.c_str());
  };
  return settings;
}

Observation Laboratory::Run(const Experiment& experiment) {
  Observation seen;
  seen.verdict = Verdict::kInterrupted;
  if (interrupted_ != 0) return seen;
  ++runs_;
  // What waits in a buffer would be written by the test process again.
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  Supervisor supervisor(Settings(experiment));
  UnitSpec unit;
  unit.name = tests_[subject_].name();
  unit.time_limit = time_limit_;
  unit.plan = supervisor.AddPlan(experiment.options, &seen.reason);
  int number = 0;
  const Role role = unit.plan < 0 ? Role::kError : supervisor.Fork({unit}, &number, &seen.reason);
  switch (role) {
    case Role::kTest:
      BecomeExperiment(experiment, false);
    case Role::kError:
      seen.verdict = Verdict::kNoCell;
      seen.word = "no cell";
      break;
    case Role::kSupervisor:
      Watch(&supervisor, number, experiment, &seen);
      break;
  }
  interrupted_ = supervisor.interrupted();
  if (interrupted_ != 0) seen.verdict = Verdict::kInterrupted;
  return seen;
}

// An exception that leaves RUN_ALL_TESTS() ends this process, and is not for the
// program's main() to see.
void Laboratory::BecomeExperiment(const Experiment& experiment, bool outside) noexcept {
  // Piped output would wait in a buffer, and be lost in a crash.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  ExperimentListener* const listener = PrepareExperiment(tests_, experiment, subject_, setup_);
  run_(unit_test_);
  if (outside) listener->FinishOutside();
  listener->Finish();
}

Observation Laboratory::RunOutside() {
  Observation seen;
  if (interrupted_ != 0) return seen;
  ++runs_;
  Experiment experiment;
  experiment.listeners = true;
  const OutsideRun run =
      RunOutsideOfCells(time_limit_, [&] { BecomeExperiment(experiment, true); });
  if (!run.error.empty()) {
    seen.word = "not run";
    seen.reason = run.error;
    return seen;
  }
  seen.printed = run.printed;
  seen.hung = !run.ended;
  const int verdict = WIFEXITED(run.status) ? WEXITSTATUS(run.status) - kOutsideStatus : -1;
  seen.verdict = Verdict::kFailed;
  seen.word = seen.hung ? "hung" : WIFSIGNALED(run.status) ? "crashed" : "failed";
  if (!seen.hung && (verdict == 1 || verdict == 2)) {
    seen.verdict = verdict == 1 ? Verdict::kPassed : Verdict::kSkipped;
    seen.word = verdict == 1 ? "passed" : "skipped";
  }
  return seen;
}

void Laboratory::Watch(Supervisor* supervisor, int unit, const Experiment& experiment,
                       Observation* seen) {
  Course course;
  course.alone = experiment.before.empty();
  for (;;) {
    Event event = supervisor->Next(unit);
    if (event.kind == Event::Kind::kEnd) {
      seen->connections = std::move(event.connections);
      Judge(event.outcome, course, seen);
      return;
    }
    Take(&event, &course, seen);
  }
}

void Laboratory::Take(Event* event, Course* course, Observation* seen) const {
  if (event->kind == Event::Kind::kOutput) {
    while (!event->output.empty()) KeepEnd(event->output.Read(), &seen->printed);
    return;
  }
  Reader reader(event->message.payload);
  switch (event->message.type) {
    case MessageType::kPhase:
      course->in_set_up = true;
      break;
    case MessageType::kTestStart:
      course->in_set_up = course->ended = false;
      course->current = static_cast<int>(reader.Number());
      if (!course->alone) seen->printed.clear();
      break;
    case MessageType::kPart: {
      course->part_skipped = reader.Number() != 0;
      const std::string text = reader.Text() + "\n";
      if (seen->said.size() < kMostSaid) seen->said += text;
      break;
    }
    case MessageType::kTestEnd:
      course->ended = true;
      course->failed = reader.Number() != 0;
      course->skipped = reader.Number() != 0;
      break;
    case MessageType::kDone:
      course->done = true;
      break;
    default:
      break;
  }
}

void Laboratory::Judge(const Outcome& outcome, const Course& course, Observation* seen) const {
  if (outcome.kind == OutcomeKind::kInterrupted) return;
  if (outcome.kind == OutcomeKind::kSetupFailed) {
    seen->verdict = Verdict::kNoCell;
    seen->word = "no cell";
    seen->reason = outcome.reason;
    return;
  }
  const bool at_subject = course.current == static_cast<int>(subject_);
  seen->hung = outcome.kind == OutcomeKind::kTimedOut;
  if (outcome.kind != OutcomeKind::kPassed) seen->reason = FirstLineOf(outcome.reason);
  const char* const bad = seen->hung                              ? "hung"
                          : outcome.kind == OutcomeKind::kCrashed ? "crashed"
                                                                  : "failed";
  seen->verdict = Verdict::kFailed;
  seen->word = bad;
  if (at_subject && course.ended) {
    if (course.failed) {
      seen->word = "failed";
    } else if (outcome.kind == OutcomeKind::kPassed) {
      seen->verdict = course.skipped ? Verdict::kSkipped : Verdict::kPassed;
      seen->word = course.skipped ? "skipped" : "passed";
    } else {
      seen->reason = "after it had passed: " + seen->reason;
    }
  } else if (course.done && !at_subject) {  // GoogleTest passed it over
    const bool skipped = course.part_skipped;
    seen->verdict = skipped ? Verdict::kSkipped : Verdict::kFailed;
    seen->word = skipped ? "skipped" : "failed";
    seen->reason = "in the set-up of its suite, or of an Environment";
  } else if (!at_subject && !course.in_set_up && course.current >= 0) {
    seen->verdict = Verdict::kNotReached;
    seen->word = "not run";
    seen->culprit = course.current;
  } else if (!at_subject) {
    seen->reason = "in its set-up: " + seen->reason;
  }
}

}  // namespace internal
}  // namespace testcell
