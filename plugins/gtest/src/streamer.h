// The listener of a test process: what happens to the tests of its unit goes
// to the supervisor, and with the unit's last event the process ends.
#ifndef TESTCELL_GTEST_SRC_STREAMER_H_
#define TESTCELL_GTEST_SRC_STREAMER_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testcell/internal/supervisor.h"

namespace testcell {
namespace internal {

// What a test process is to run: tests of one suite, in order.
struct TestUnit {
  ::testing::TestSuite* suite = nullptr;
  std::vector<::testing::TestInfo*> tests;
  // The suite was set up in the parent: it is not torn down here.
  bool suite_in_parent = false;
  bool environments_in_parent = false;
};

class Streamer : public ::testing::EmptyTestEventListener {
 public:
  Streamer(TestProcess* process, const TestUnit& unit) : process_(process), unit_(unit) {}

  // Sets up the Environments, where that is this process's to do.
  void Begin();
  // Says what is left to say, and ends the process. Also where GoogleTest
  // never came to the suite, since an Environment failed or skipped.
  [[noreturn]] void Finish();

  void OnTestSuiteStart(const ::testing::TestSuite& suite) override;
  void OnTestStart(const ::testing::TestInfo& test) override;
  void OnTestPartResult(const ::testing::TestPartResult& part) override;
  void OnTestEnd(const ::testing::TestInfo& test) override;
#ifndef GTEST_REMOVE_LEGACY_TEST_CASEAPI_
  // The last event of a suite.
  void OnTestCaseEnd(const ::testing::TestCase& suite) override { OnSuiteOver(suite); }
#else
  void OnTestSuiteEnd(const ::testing::TestSuite& suite) override { OnSuiteOver(suite); }
#endif

 private:
  void OnSuiteOver(const ::testing::TestSuite& suite);
  void SendPhase(Phase phase);
  void SendPart(const ::testing::TestPartResult& part);
  void Send(MessageType type, const Writer& writer, bool after_output);

  TestProcess* process_;
  const TestUnit& unit_;
  std::size_t tests_ended_ = 0;
  bool output_is_split_ = false;           // something may have been printed before the test
  bool told_of_full_file_system_ = false;  // in this test
};

// The status with which a test process ends when LeakSanitizer found leaks;
// its own default.
constexpr int kLeakStatus = 23;

// A test's own process ends without exit handlers and static destructors,
// which are the parent's; what tools would do there is done here. The status
// to end with.
int RunExitTools();
// The part of it that is due in a test that ends by an exception, too.
void WriteCoverage();
// In the parent, before any cell: keeps a way back to the host's files.
void PrepareExitTools();
// After that: where gcov's files are of programs below the working directory,
// which count in the host's files, whoever runs them.
std::vector<std::string> CoverageDirectories();
// What tools have counted before the fork is the parent's.
void ResetExitTools();

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_STREAMER_H_
