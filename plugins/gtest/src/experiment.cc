#include "experiment.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "gtest_flags.h"
#include "preconditions.h"
#include "private_access.h"
#include "proxy.h"
#include "streamer.h"
#include "unseen_suites.h"

namespace testcell {
namespace internal {
namespace {

constexpr std::size_t kMostSaid = 4096;  // bytes kept of what a test says or prints

// A status that a test does not exit with by itself, and more by its verdict.
constexpr int kOutsideStatus = 0x60;

// In the test process: GoogleTest's loop runs the tests of the experiment, and
// the supervisor hears how far it comes.
class ExperimentListener : public ::testing::EmptyTestEventListener {
 public:
  ExperimentListener(const std::vector<DeclaredTest>& tests, const Experiment& experiment,
                     std::size_t subject)
      : tests_(tests), order_(experiment.before), alone_(experiment.before.empty()) {
    order_.push_back(subject);
  }

  // Whatever the flags have selected.
  void OnTestIterationStart(const ::testing::UnitTest&, int) override {
    for (const DeclaredTest& declared : tests_) {
      SetShouldRun(*declared.suite, false);
      SetShouldRun(*declared.test, false);
    }
    for (const std::size_t index : order_) {
      SetShouldRun(*tests_[index].suite, true);
      SetShouldRun(*tests_[index].test, true);
    }
  }

  void OnTestSuiteStart(const ::testing::TestSuite& suite) override {
    if (&suite != tests_[order_.back()].suite) return;
    Send(MessageType::kPhase, Writer().Number(static_cast<std::uint64_t>(Phase::kSuiteSetUp)));
  }

  void OnTestStart(const ::testing::TestInfo& test) override {
    while (at_ + 1 < order_.size() && tests_[order_[at_]].test != &test) ++at_;
    in_other_test_ = at_ + 1 < order_.size();
    Send(MessageType::kTestStart, Writer().Number(order_[at_]));
  }

  // Those of the tests before are not asked for.
  void OnTestPartResult(const ::testing::TestPartResult& part) override {
    if (in_other_test_) return;
    if (part.type() == ::testing::TestPartResult::kSuccess) return;
    const char* const file = part.file_name();
    std::string text = file == nullptr ? "" : file;
    if (!text.empty() && part.line_number() >= 0) text += ":" + std::to_string(part.line_number());
    text += (text.empty() ? "" : ": ") + std::string(part.skipped() ? "Skipped" : "Failure") + "\n";
    text += std::string(part.message() == nullptr ? "" : part.message()).substr(0, kMostSaid);
    Send(MessageType::kPart, Writer().Number(part.skipped() ? 1 : 0).Text(text));
  }

  void OnTestEnd(const ::testing::TestInfo& test) override {
    const ::testing::TestResult& result = *test.result();
    TestProcess* const process = TestProcess::Current();
    if (process != nullptr && !process->IsOriginal()) process->LeaveFork(result.Failed());
    in_other_test_ = false;
    verdict_ = result.Passed() ? 1 : result.Skipped() ? 2 : 0;
    Send(MessageType::kTestEnd,
         Writer().Number(result.Failed() ? 1 : 0).Number(result.Skipped() ? 1 : 0));
  }

  [[noreturn]] void Finish() {
    TestProcess* const process = TestProcess::Current();
    if (!process->IsOriginal()) process->LeaveFork(!::testing::UnitTest::GetInstance()->Passed());
    Send(MessageType::kDone, Writer());
    std::cout.flush();
    std::cerr.flush();
    std::fflush(nullptr);
    // What a sanitizer finds in memory could be another test's.
    ::_exit(alone_ ? RunExitTools() : 0);
  }

  // Nobody hears what was said: the status tells how the test came out.
  [[noreturn]] void FinishOutside() const {
    std::cout.flush();
    std::cerr.flush();
    std::fflush(nullptr);
    ::_exit(kOutsideStatus + verdict_);
  }

 private:
  static void Send(MessageType type, const Writer& writer) {
    if (TestProcess::Current() == nullptr) return;
    std::fflush(stdout);
    std::fflush(stderr);
    TestProcess::Current()->Send(type, writer.bytes(), true);
  }

  const std::vector<DeclaredTest>& tests_;
  std::vector<std::size_t> order_;
  bool alone_;
  std::size_t at_ = 0;
  int verdict_ = 0;  // of the last test: 1 if it has passed, 2 if it was skipped
  // GoogleTest knows it, but holds a lock while it tells of results.
  std::atomic<bool> in_other_test_{false};
};

// The listener decides what is run, and a failure of another test ends nothing.
void SetExperimentFlags() {
  TESTCELL_GTEST_SET(filter, "*");
  TESTCELL_GTEST_SET(also_run_disabled_tests, true);
  TESTCELL_GTEST_SET(repeat, 1);
  TESTCELL_GTEST_SET(shuffle, false);
  TESTCELL_GTEST_SET(break_on_failure, false);
  TESTCELL_GTEST_SET(throw_on_failure, false);
#ifdef GTEST_FLAG_GET  // 1.12; 1.11 has it, but can't be told from 1.10
  GTEST_FLAG_SET(fail_fast, false);
#endif
  for (const char* name : {"GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX", "GTEST_SHARD_STATUS_FILE",
                           "TEST_PREMATURE_EXIT_FILE"}) {
    ::unsetenv(name);
  }
}

// GoogleTest's printers and the reports are not for an experiment.
void UseExperimentListeners(ExperimentListener* listener, const Setup& setup, bool users_too) {
  ::testing::TestEventListeners& listeners = ::testing::UnitTest::GetInstance()->listeners();
  auto* const fresh = new ::testing::TestEventListeners;
  fresh->Append(listener);
  if (users_too || setup.flags.listeners != Listeners::kParent) {
    delete listeners.Release(listeners.default_result_printer());
    delete listeners.Release(listeners.default_xml_generator());
    fresh->Append(NewForwarder(Repeater(listeners)));
  }
  std::swap(Repeater(listeners), Repeater(*fresh));
  for (::testing::TestEventListener* own : setup.cell_listeners) listeners.Append(own);
}

void KeepEnd(const std::string& more, std::string* text) {
  *text += more;
  if (text->size() > kMostSaid) text->erase(0, text->size() - kMostSaid);
}

// It goes with its parent, which is not to be stopped by what it does.
void BecomeOutside(pid_t parent, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent || ::setpgid(0, 0) != 0) ::_exit(1);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (::dup2(null, STDIN_FILENO) < 0 || ::dup2(output, STDOUT_FILENO) < 0 ||
      ::dup2(output, STDERR_FILENO) < 0) {
    ::_exit(1);
  }
}

// False if the time was over first. Whoever is left in its group goes, too.
bool AwaitOutside(pid_t child, std::chrono::milliseconds limit, int* status) {
  ::setpgid(child, child);
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  pollfd event{process, POLLIN, 0};
  const int timeout = limit.count() == 0 ? -1 : static_cast<int>(limit.count());
  int ready;
  do {
    ready = ::poll(&event, 1, timeout);
  } while (ready < 0 && errno == EINTR);
  ::kill(-child, SIGKILL);
  while (::waitpid(child, status, 0) < 0 && errno == EINTR) {
  }
  ::close(process);
  return ready > 0;
}

std::string EndOf(int file) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  const off_t kept = std::min<off_t>(size, kMostSaid);
  std::string text(static_cast<std::size_t>(std::max<off_t>(kept, 0)), '\0');
  const ssize_t got = ::pread(file, &text[0], text.size(), size - kept);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
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
  SetExperimentFlags();
  auto* const listener = new ExperimentListener(tests_, experiment, subject_);
  UseExperimentListeners(listener, setup_, experiment.listeners);
  run_(unit_test_);
  if (outside) listener->FinishOutside();
  listener->Finish();
}

Observation Laboratory::RunOutside() {
  Observation seen;
  if (interrupted_ != 0) return seen;
  ++runs_;
  const int output = ::memfd_create("testcell-output", MFD_CLOEXEC);
  Experiment experiment;
  experiment.listeners = true;
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    BecomeOutside(parent, output);
    BecomeExperiment(experiment, true);
  }
  int status = 0;
  seen.hung = child > 0 && !AwaitOutside(child, time_limit_, &status);
  seen.printed = EndOf(output);
  ::close(output);
  const int verdict = WIFEXITED(status) ? WEXITSTATUS(status) - kOutsideStatus : -1;
  seen.verdict = Verdict::kFailed;
  seen.word = seen.hung ? "hung" : WIFSIGNALED(status) ? "crashed" : "failed";
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
