#include "case.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "output_filter.h"
#include "private_access.h"
#include "report.h"
#include "testcell/gtest.h"
#include "unit_replay.h"

namespace testcell::cli {
namespace {

constexpr char kOwn[] = "testcell: ";

std::int64_t g_elapsed_ms = -1;  // in a test process: what the program said

void Show(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

bool OneOutput() {
  struct stat out;
  struct stat err;
  return ::fstat(STDOUT_FILENO, &out) == 0 && ::fstat(STDERR_FILENO, &err) == 0 &&
         out.st_dev == err.st_dev && out.st_ino == err.st_ino;
}

std::string ReadReport(int fd) {
  std::string text;
  char buffer[1 << 16];
  ssize_t size;
  off_t at = 0;
  while ((size = ::pread(fd, buffer, sizeof buffer, at)) > 0) {
    text.append(buffer, static_cast<std::size_t>(size));
    at += size;
  }
  return text;
}

// One test of the program, in the cell.
class CaseRun {
 public:
  CaseRun(const ForeignProgram& program, const ForeignTest& test, const std::string& filter)
      : program_(program), test_(test), filter_(filter), output_(test.FullName()) {}

  void Run() {
    int ends[2];
    const int report = ::memfd_create("testcell-report", MFD_CLOEXEC);
    if (report < 0 || ::pipe2(ends, O_CLOEXEC) != 0) return Blame(::strerror(errno));
    const pid_t pid = program_.Start(filter_, ends[1], OneOutput(), report);
    ::close(ends[1]);
    if (pid < 0) return Blame(std::string("cannot fork: ") + ::strerror(errno));
    const int status = Follow(pid, ends[0]);
    ::close(ends[0]);
    result_ = ReadResult(ReadReport(report), test_);
    ::close(report);
    Conclude(status);
  }

 private:
  // What the program prints, until it has ended: a process that it leaves
  // behind may hold the pipe for longer.
  int Follow(pid_t pid, int output) {
    const int ended = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    ::fcntl(output, F_SETFL, O_NONBLOCK);
    pollfd events[2] = {{output, POLLIN, 0}, {ended, POLLIN, 0}};
    while (::poll(events, 2, -1) >= 0 || errno == EINTR) {
      const bool last = events[1].revents != 0;
      if (!Read(output)) events[0].fd = -1;
      if (last) break;
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    Read(output);
    ::close(ended);
    Show(output_.Finish());
    return status;
  }

  // What waits; false at the end of the file.
  bool Read(int fd) {
    char buffer[1 << 16];
    for (;;) {
      const ssize_t size = ::read(fd, buffer, sizeof buffer);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return size < 0;
      Show(output_.Feed({buffer, static_cast<std::size_t>(size)}));
    }
  }

  void Conclude(int status) {
    if (!result_.ran) return Died(status);
    for (const ForeignPart& part : result_.parts) Report(part);
    for (const auto& [name, value] : result_.properties) {
      ::testing::Test::RecordProperty(name, value);
    }
    g_elapsed_ms = result_.elapsed_ms;
    if (WIFSIGNALED(status)) {
      Blame("after the test the program was ended by " + SignalName(WTERMSIG(status)));
    } else if (status != 0 && !result_.failed && result_.tests_run == 1) {
      BlameSurroundings(WEXITSTATUS(status));
    }
  }

  // The way of its death becomes that of this process, which the plugin sees.
  void Died(int status) {
    if (!output_.started()) Show(output_.Outside());
    if (WIFSIGNALED(status)) {
      const rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::signal(WTERMSIG(status), SIG_DFL);
      ::raise(WTERMSIG(status));
    }
    if (output_.started() && !output_.ended()) ::_exit(WEXITSTATUS(status));
    Blame("the program ended with status " + std::to_string(WEXITSTATUS(status)) +
          " and did not run this test");
  }

  // The test did not fail, and still the program says that it did.
  void BlameSurroundings(int status) {
    Show(output_.Outside());
    for (const ForeignPart& part : result_.other_failures) Report(part);
    if (!result_.other_failures.empty()) return;
    Blame("the test itself did not fail, but the program ended with status " +
          std::to_string(status));
  }

  static std::string SignalName(int signal) {
    const char* const name = ::sigabbrev_np(signal);
    return name == nullptr ? "signal " + std::to_string(signal) : std::string("SIG") + name;
  }

  static void Report(const ForeignPart& part) {
    internal::ReportPart(
        part.skip ? ::testing::TestPartResult::kSkip : ::testing::TestPartResult::kNonFatalFailure,
        part.file, part.line, part.message);
  }
  void Blame(const std::string& text) { Report({false, test_.file, test_.line, kOwn + text}); }

  const ForeignProgram& program_;
  const ForeignTest& test_;
  const std::string filter_;
  OutputFilter output_;
  ForeignResult result_;
};

class Case : public ::testing::Test {
 public:
  Case(const ForeignProgram& program, const ForeignTest& test,
       const std::vector<ForeignTest>& tests)
      : program_(program), test_(test), tests_(tests) {}

 private:
  void TestBody() override { CaseRun(program_, test_, FilterFor(test_, tests_)).Run(); }

  const ForeignProgram& program_;
  const ForeignTest& test_;
  const std::vector<ForeignTest>& tests_;
};

// In the cell, before the plugin's own: the time that the test took, not that
// of the program's start.
class TimeListener : public ::testing::EmptyTestEventListener {
 public:
  void OnTestEnd(const ::testing::TestInfo& test) override {
    if (g_elapsed_ms < 0) return;
    internal::SetElapsedTime(internal::Mutable(*test.result()),
                             static_cast<internal::Milliseconds>(g_elapsed_ms));
  }
};

// In the parent, around GoogleTest's printer.
class PrinterListener : public ::testing::TestEventListener {
 public:
  explicit PrinterListener(::testing::TestEventListener* printer) : printer_(printer) {}
  ~PrinterListener() override { delete printer_; }
  PrinterListener(const PrinterListener&) = delete;
  PrinterListener& operator=(const PrinterListener&) = delete;

  void OnTestPartResult(const ::testing::TestPartResult& part) override {
    if (::strncmp(part.message(), kOwn, sizeof kOwn - 1) == 0) printer_->OnTestPartResult(part);
  }

  using Program = ::testing::UnitTest;
  using Suite = ::testing::TestSuite;
  using Info = ::testing::TestInfo;
  void OnTestProgramStart(const Program& program) override {
    printer_->OnTestProgramStart(program);
  }
  void OnTestIterationStart(const Program& program, int iteration) override {
    printer_->OnTestIterationStart(program, iteration);
  }
  void OnEnvironmentsSetUpStart(const Program& program) override {
    printer_->OnEnvironmentsSetUpStart(program);
  }
  void OnEnvironmentsSetUpEnd(const Program& program) override {
    printer_->OnEnvironmentsSetUpEnd(program);
  }
  void OnTestSuiteStart(const Suite& suite) override { printer_->OnTestSuiteStart(suite); }
  void OnTestStart(const Info& test) override { printer_->OnTestStart(test); }
  void OnTestEnd(const Info& test) override { printer_->OnTestEnd(test); }
  void OnTestSuiteEnd(const Suite& suite) override { printer_->OnTestSuiteEnd(suite); }
#ifndef GTEST_REMOVE_LEGACY_TEST_CASEAPI_
  void OnTestCaseStart(const ::testing::TestCase& suite) override {
    printer_->OnTestCaseStart(suite);
  }
  void OnTestCaseEnd(const ::testing::TestCase& suite) override { printer_->OnTestCaseEnd(suite); }
#endif
  void OnEnvironmentsTearDownStart(const Program& program) override {
    printer_->OnEnvironmentsTearDownStart(program);
  }
  void OnEnvironmentsTearDownEnd(const Program& program) override {
    printer_->OnEnvironmentsTearDownEnd(program);
  }
  void OnTestIterationEnd(const Program& program, int iteration) override {
    printer_->OnTestIterationEnd(program, iteration);
  }
  void OnTestProgramEnd(const Program& program) override { printer_->OnTestProgramEnd(program); }

 private:
  ::testing::TestEventListener* printer_;
};

}  // namespace

void RegisterCases(const ForeignProgram& program, const std::vector<ForeignTest>& tests) {
  const auto pointer = [](const std::optional<std::string>& text) {
    return text ? text->c_str() : nullptr;
  };
  for (const ForeignTest& test : tests) {
    ::testing::RegisterTest(
        test.suite.c_str(), test.name.c_str(), pointer(test.type_parameter),
        pointer(test.value_parameter), test.file.c_str(), test.line,
        [&program, &test, &tests]() -> ::testing::Test* { return new Case(program, test, tests); });
  }
}

void PrepareListeners() {
  AddCellListener(new TimeListener);
  ::testing::TestEventListeners& listeners = ::testing::UnitTest::GetInstance()->listeners();
  ::testing::TestEventListener* const printer =
      listeners.Release(listeners.default_result_printer());
  if (printer != nullptr) listeners.Append(new PrinterListener(printer));
}

}  // namespace testcell::cli
