#include "streamer.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "environment.h"
#include "private_access.h"
#include "unseen_suites.h"

namespace testcell {
namespace internal {
namespace {

void FlushOutput() {
  std::fflush(stdout);
  std::fflush(stderr);
}

std::string Text(const char* text) { return text == nullptr ? std::string() : std::string(text); }

void AddProperties(const ::testing::TestResult& result, Writer* writer) {
  writer->Number(static_cast<std::uint64_t>(result.test_property_count()));
  for (int i = 0; i < result.test_property_count(); ++i) {
    const ::testing::TestProperty& property = result.GetTestProperty(i);
    writer->Text(Text(property.key())).Text(Text(property.value()));
  }
}

}  // namespace

void Streamer::Send(MessageType type, const Writer& writer, bool after_output) {
  if (after_output) FlushOutput();
  process_->Send(type, writer.bytes(), after_output);
}

void Streamer::SendPhase(Phase phase) {
  const bool environment =
      phase == Phase::kEnvironmentSetUp || phase == Phase::kEnvironmentTearDown;
  process_->SetUser(environment ? UsedBy::kEnvironment : UsedBy::kSuiteSetUp);
  Send(MessageType::kPhase, Writer().Number(static_cast<std::uint64_t>(phase)), true);
  output_is_split_ = true;
}

void Streamer::Begin() {
  if (unit_.environments_in_parent || EnvironmentCount() == 0) return;
  SendPhase(Phase::kEnvironmentSetUp);
  SetUpEnvironments();
  // GoogleTest would go past all tests now, and say so in the parent's place.
  if (::testing::Test::HasFatalFailure() || ::testing::Test::IsSkipped()) Finish();
}

void Streamer::OnTestSuiteStart(const ::testing::TestSuite&) {
  if (!process_->IsOriginal()) return;
  if (SetUpFunction(*unit_.suite) != nullptr) SendPhase(Phase::kSuiteSetUp);
}

void Streamer::OnTestStart(const ::testing::TestInfo& test) {
  std::uint64_t index = 0;
  while (index < unit_.tests.size() && unit_.tests[index] != &test) ++index;
  told_of_full_file_system_ = false;
  process_->SetUser(UsedBy::kTest);
  Send(MessageType::kTestStart, Writer().Number(index), output_is_split_);
}

void Streamer::SendPart(const ::testing::TestPartResult& part) {
  Writer writer;
  writer.Number(static_cast<std::uint64_t>(part.type()))
      .Text(Text(part.file_name()))
      .Number(static_cast<std::uint64_t>(part.line_number()))
      .Text(Text(part.message()));
  Send(MessageType::kPart, writer, true);
}

void Streamer::OnTestPartResult(const ::testing::TestPartResult& part) {
  if (!process_->IsOriginal()) return;
  SendPart(part);
  if (!part.failed() || told_of_full_file_system_) return;
  // Now, for what fills it may be gone when the test has been torn down.
  const std::string text = process_->DescribeFullFileSystem();
  if (text.empty()) return;
  told_of_full_file_system_ = true;
  SendPart(::testing::TestPartResult(::testing::TestPartResult::kNonFatalFailure, part.file_name(),
                                     part.line_number(), ("testcell: " + text).c_str()));
}

void Streamer::OnTestEnd(const ::testing::TestInfo& test) {
  const ::testing::TestResult& result = *test.result();
  if (!process_->IsOriginal()) process_->LeaveFork(result.Failed());
  Writer writer;
  writer.Number(result.Failed() ? 1 : 0)
      .Number(static_cast<std::uint64_t>(result.elapsed_time()))
      .Number(static_cast<std::uint64_t>(result.start_timestamp()))
      .Number(static_cast<std::uint64_t>(result.total_part_count()) +
              (told_of_full_file_system_ ? 1 : 0));
  AddProperties(result, &writer);
  FlushOutput();
  const bool more = ++tests_ended_ < unit_.tests.size();
  output_is_split_ = true;
  Send(MessageType::kTestEnd, writer,
       more || TearDownFunction(*unit_.suite) != nullptr || EnvironmentCount() > 0);
  if (!more && TearDownFunction(*unit_.suite) != nullptr) process_->SetUser(UsedBy::kSuiteSetUp);
  if (unit_.suite_in_parent && !more) Finish();
}

void Streamer::OnSuiteOver(const ::testing::TestSuite& suite) {
  if (!process_->IsOriginal()) process_->LeaveFork(suite.Failed());
  Writer writer;
  AddProperties(suite.ad_hoc_test_result(), &writer);
  Send(MessageType::kSuiteEnd, writer, false);
  LeaveSuite();
  Finish();
}

void Streamer::Finish() {
  if (!process_->IsOriginal()) process_->LeaveFork(!::testing::UnitTest::GetInstance()->Passed());
  if (!unit_.environments_in_parent && EnvironmentCount() > 0) {
    SendPhase(Phase::kEnvironmentTearDown);
    TearDownEnvironments();
    if (!process_->IsOriginal()) process_->LeaveFork(false);
  }
  std::cout.flush();
  std::cerr.flush();
  std::fflush(nullptr);
  Writer writer;
  AddProperties(::testing::UnitTest::GetInstance()->ad_hoc_test_result(), &writer);
  Send(MessageType::kDone, writer, false);
  process_->ReportFindings();
  ::_exit(RunExitTools());
}

}  // namespace internal
}  // namespace testcell
