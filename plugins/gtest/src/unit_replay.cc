#include "unit_replay.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "gtest_flags.h"
#include "plugin.h"
#include "private_access.h"
#include "tool_report.h"

namespace testcell {
namespace internal {
namespace {

struct Part {
  ::testing::TestPartResult::Type type;
  std::string file;
  int line;
  std::string message;
};

Part ReadPart(const Message& message) {
  Reader reader(message.payload);
  Part part;
  part.type = static_cast<::testing::TestPartResult::Type>(reader.Number());
  part.file = reader.Text();
  part.line = static_cast<int>(reader.Number());
  part.message = reader.Text();
  return part;
}

bool IsFailure(const Part& part) {
  return part.type == ::testing::TestPartResult::kFatalFailure ||
         part.type == ::testing::TestPartResult::kNonFatalFailure;
}

PropertyList ReadProperties(Reader* reader) {
  PropertyList properties;
  for (std::uint64_t left = reader->Number(); left > 0 && reader->ok(); --left) {
    std::string key = reader->Text();
    properties.emplace_back(std::move(key), reader->Text());
  }
  return properties;
}

bool IsMessage(const Event& event, MessageType type) {
  return event.kind == Event::Kind::kMessage && event.message.type == type;
}

// GoogleTest's way to end a run at its first failure: a plain run goes this way
// inside of the assertion, and so has the test process.
void EndRunIfAsked(const ::testing::TestPartResult& part) {
  if (!part.failed()) return;
  if (TESTCELL_GTEST_GET(break_on_failure)) {
    std::raise(SIGTRAP);
    return;
  }
  if (!TESTCELL_GTEST_GET(throw_on_failure)) return;
#if GTEST_HAS_EXCEPTIONS
  throw ::testing::internal::GoogleTestFailureException(part);
#else
  std::exit(1);
#endif
}

// What a listener throws was to end the test, which has ended already.
void ReportRaw(const ::testing::TestPartResult& part) {
#if GTEST_HAS_EXCEPTIONS
  try {
    RawReporter()->ReportTestPartResult(part);
  } catch (...) {
    CurrentPlugin()->OnListenerThrew();
  }
#else
  RawReporter()->ReportTestPartResult(part);
#endif
}

void ReplayEvent(Event event) {
  if (event.kind == Event::Kind::kOutput) Print(event.stream, std::move(event.output));
  if (!IsMessage(event, MessageType::kPart)) return;
  const Part part = ReadPart(event.message);
  ReportPart(part.type, part.file, part.line, part.message);
}

}  // namespace

bool RunEndsAtFailure() {
  return TESTCELL_GTEST_GET(break_on_failure) || TESTCELL_GTEST_GET(throw_on_failure);
}

void Print(int stream, HeldText output) {
  std::cout.flush();
  std::FILE* const file = stream == 2 ? stderr : stdout;
  if (stream == 2) std::fflush(stdout);
  while (!output.empty()) {
    const std::string part = output.Read();
    ToolReport::Current().Read(stream, part);
    std::fwrite(part.data(), 1, part.size(), file);
  }
  std::fflush(file);
}

void ReportPart(::testing::TestPartResult::Type type, const std::string& file, int line,
                const std::string& message) {
  // An empty name, not a null one, stands for an unknown file in all versions.
  const ::testing::TestPartResult part(type, file.c_str(), line, message.c_str());
  ReportRaw(part);
  EndRunIfAsked(part);
}

std::string FailureText(const Message& message) {
  if (message.type != MessageType::kPart) return std::string();
  const Part part = ReadPart(message);
  if (!IsFailure(part)) return std::string();
  const char* const file = part.file.empty() ? nullptr : part.file.c_str();
  return ::testing::internal::FormatFileLocation(file, part.line) + " Failure\n" + part.message +
         "\n";
}

Allowance ReadAllowance(const Message& message) {
  Reader reader(message.payload);
  Allowance allowance;
  allowance.kind = static_cast<LeakKind>(reader.Number());
  allowance.pattern = reader.Text();
  allowance.reason = reader.Text();
  return allowance;
}

void Recording::Add(Event event) {
  if (event.kind == Event::Kind::kOutput && !events.empty() &&
      events.back().kind == Event::Kind::kOutput && events.back().stream == event.stream) {
    events.back().output.Append(std::move(event.output));
    return;
  }
  events.push_back(std::move(event));
}

void Replay(Recording recording) {
  for (Event& event : recording.events) ReplayEvent(std::move(event));
}

bool TellsNews(const Recording& recording, std::set<std::string>* told) {
  bool news = false;
  for (const Event& event : recording.events) {
    if (!IsMessage(event, MessageType::kPart) || !IsFailure(ReadPart(event.message))) continue;
    news |= told->insert(event.message.payload).second;
  }
  return news;
}

std::string WhereEnded(Phase phase, bool done, const Outcome& outcome) {
  if (done) return std::string();
  if (outcome.kind != OutcomeKind::kCrashed && outcome.kind != OutcomeKind::kTimedOut) {
    return std::string();
  }
  switch (phase) {
    case Phase::kEnvironmentSetUp:
      return "while an Environment was set up: ";
    case Phase::kSuiteSetUp:
      return "while the suite was set up: ";
    case Phase::kTest:
      return std::string();
    case Phase::kSuiteTearDown:
      return "when the test was over: ";
    case Phase::kEnvironmentTearDown:
      return "while an Environment was torn down: ";
  }
  return std::string();
}

const Event& UnitReplay::Peek() {
  while (!peeked_) {
    next_ = supervisor_->Next(unit_);
    peeked_ = true;
    if (next_.kind != Event::Kind::kMessage) break;
    Reader reader(next_.message.payload);
    switch (next_.message.type) {
      case MessageType::kPhase:
        phase_ = static_cast<Phase>(reader.Number());
        break;
      case MessageType::kSuiteEnd:
        suite_properties_ = ReadProperties(&reader);
        break;
      case MessageType::kDone:
        done_ = true;
        program_properties_ = ReadProperties(&reader);
        break;
      case MessageType::kAllow:
        allowances_.push_back(ReadAllowance(next_.message));
        break;
      case MessageType::kTestStart:
        phase_ = Phase::kTest;
        return next_;
      default:
        return next_;
    }
    peeked_ = false;
  }
  return next_;
}

Event UnitReplay::Take() {
  if (Peek().kind == Event::Kind::kEnd) return Event();  // it stays, for AwaitEnd()
  peeked_ = false;
  if (IsMessage(next_, MessageType::kTestEnd)) phase_ = Phase::kSuiteTearDown;
  return std::move(next_);
}

bool UnitReplay::At(Phase phase) {
  const Event& event = Peek();
  return event.kind != Event::Kind::kEnd && phase_ == phase;
}

bool UnitReplay::AtEnd() { return Peek().kind == Event::Kind::kEnd; }

void UnitReplay::Play(Event event) {
  if (IsMessage(event, MessageType::kPart)) {
    ++parts_played_;
    failed_ = failed_ || IsFailure(ReadPart(event.message));
  }
  ReplayEvent(std::move(event));
}

void UnitReplay::PlayPhase(Phase phase) {
  while (At(phase)) Play(Take());
}

Recording UnitReplay::RecordPhase(Phase phase) {
  Recording recording;
  while (At(phase)) {
    Event event = Take();
    if (IsMessage(event, MessageType::kPart)) {
      const Part part = ReadPart(event.message);
      recording.failed = recording.failed || IsFailure(part);
      recording.skipped = recording.skipped || part.type == ::testing::TestPartResult::kSkip;
    }
    recording.Add(std::move(event));
  }
  return recording;
}

void UnitReplay::PlayOrHold(Event event, Recording* held) {
  if (held == nullptr) {
    Play(std::move(event));
    return;
  }
  if (IsMessage(event, MessageType::kPart)) {
    ++parts_played_;
    failed_ = failed_ || IsFailure(ReadPart(event.message));
  }
  held->Add(std::move(event));
}

// To the test's start. Tests before it were passed over here, as GoogleTest does
// with one whose fixture is not its suite's: what the cell says of them is not
// shown. What was printed between tests is.
bool UnitReplay::ComeTo(std::size_t index, Recording* held) {
  bool passing_over = false;
  while (!AtEnd()) {
    const Event& event = Peek();
    if (IsMessage(event, MessageType::kTestStart)) {
      const std::uint64_t next = Reader(event.message.payload).Number();
      if (next >= index) return next == index;
      passing_over = true;
    } else if (IsMessage(event, MessageType::kTestEnd)) {
      passing_over = false;
    }
    Event taken = Take();
    if (!passing_over) PlayOrHold(std::move(taken), held);
  }
  return false;
}

bool UnitReplay::PlayTest(std::size_t index, bool only_if_failed, TestEnd* end) {
  parts_played_ = 0;
  failed_ = false;
  held_output_ = Recording();
  ToolReport::Current().Forget();
  Recording recording;
  Recording* const held = only_if_failed ? &recording : nullptr;
  bool ended = false;
  const bool came = ComeTo(index, held);
  while (came && !ended && At(Phase::kTest)) {
    Event event = Take();
    if (IsMessage(event, MessageType::kTestEnd)) {
      Reader reader(event.message.payload);
      reader.Number();  // whether it failed, for who counts
      end->elapsed_ms = static_cast<std::int64_t>(reader.Number());
      end->start_timestamp_ms = static_cast<std::int64_t>(reader.Number());
      end->parts = reader.Number();
      end->properties = ReadProperties(&reader);
      ended = true;
    } else {
      PlayOrHold(std::move(event), held);
    }
  }
  const bool show = failed_ || !ended;
  for (Event& event : recording.events) {
    if (show || event.kind != Event::Kind::kOutput) {
      ReplayEvent(std::move(event));
    } else {
      held_output_.Add(std::move(event));
    }
  }
  return ended;
}

const Outcome& UnitReplay::AwaitEnd() {
  while (!AtEnd()) Play(Take());
  return next_.outcome;
}

}  // namespace internal
}  // namespace testcell
