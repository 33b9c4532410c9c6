#include "failed_runs.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "gtest_flags.h"
#include "private_access.h"
#include "testcell/internal/report.h"
#include "testcell/internal/xml_text.h"

namespace testcell {
namespace internal {
namespace {

void PrintTagged(const char* tag, const std::string& text) {
  std::cout.flush();
  const bool color = ::testing::internal::ShouldUseColor(::isatty(STDOUT_FILENO) != 0);
  std::printf(color ? "\033[0;33m[%s]\033[m %s\n" : "[%s] %s\n", tag, text.c_str());
  std::fflush(stdout);
}

// In order with what Print() prints.
void PrintFailure(const std::string& text) {
  std::cout.flush();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

struct PlaceInRun {
  std::size_t test = 0;
  Phase phase = Phase::kTest;
  bool done = false;

  void Follow(const Message& message, std::size_t tests) {
    if (message.type == MessageType::kPhase) {
      phase = static_cast<Phase>(Reader(message.payload).Number());
    } else if (message.type == MessageType::kTestStart) {
      const std::uint64_t index = Reader(message.payload).Number();
      if (index < tests) test = static_cast<std::size_t>(index);
      phase = Phase::kTest;
    } else if (message.type == MessageType::kTestEnd) {
      phase = Phase::kSuiteTearDown;
    } else if (message.type == MessageType::kDone) {
      done = true;
    }
  }
};

// Escaped still; empty where the tag has no such attribute.
std::string Attribute(const std::string& tag, const std::string& name) {
  const std::string start = " " + name + "=\"";
  const std::size_t found = tag.find(start);
  if (found == std::string::npos) return std::string();
  const std::size_t begin = found + start.size();
  return tag.substr(begin, tag.find('"', begin) - begin);
}

std::string Elements(const XmlEntry& entry) {
  const std::string element = entry.flaky ? "flakyFailure" : "rerunFailure";
  std::string text;
  for (std::size_t i = 0; i < entry.texts.size(); ++i) {
    text += "      <" + element + " message=\"" + EscapeXml(entry.messages[i]) +
            "\" type=\"\">\n        <stackTrace>" + EscapeXml(entry.texts[i]) +
            "</stackTrace>\n      </" + element + ">\n";
  }
  return text;
}

// Empty where the tests' XML goes nowhere, or to a name that GoogleTest makes up.
std::string XmlPath() {
  const std::string directory = ::testing::UnitTest::GetInstance()->original_working_dir();
  const std::string output = TESTCELL_GTEST_GET(output);
  const std::string format = "xml:";
  if (output == "xml") return directory + "/test_detail.xml";
  if (output.rfind(format, 0) != 0 || output.back() == '/') return std::string();
  const std::string path = output.substr(format.size());
  if (path.empty()) return std::string();
  return path[0] == '/' ? path : directory + "/" + path;
}

}  // namespace

std::vector<FailedRun> DivideRun(std::vector<Event> events, std::size_t tests) {
  std::vector<FailedRun> runs(tests);
  PlaceInRun place;
  std::vector<Allowance> allowances;
  for (Event& event : events) {
    if (event.kind == Event::Kind::kMessage) place.Follow(event.message, tests);
    FailedRun& run = runs[place.test];
    if (event.kind == Event::Kind::kEnd) {
      run.end.outcome = event.outcome;
      run.end.outcome.reason.insert(0, WhereEnded(place.phase, place.done, event.outcome));
      run.artifacts = std::move(event.artifacts);
      run.end.leaks = std::move(event.leaks);
      run.end.allowances = std::move(allowances);
      run.failed = run.failed || event.outcome.kind != OutcomeKind::kPassed;
      continue;
    }
    if (event.kind == Event::Kind::kMessage) {
      if (event.message.type == MessageType::kAllow) {
        allowances.push_back(ReadAllowance(event.message));
      }
      run.failed = run.failed || !FailureText(event.message).empty();
    }
    run.shown.push_back(std::move(event));
  }
  return runs;
}

void PlayFailedRun(const ::testing::TestInfo& test, FailedRun run, int attempts, FailedRuns* runs) {
  ++runs->count;
  if (!run.artifacts.empty()) runs->artifacts.push_back(run.artifacts);
  if (!run.failed) return;
  runs->failed = true;
  std::string text;
  for (Event& event : run.shown) {
    if (event.kind == Event::Kind::kOutput) Print(event.stream, std::move(event.output));
    if (event.kind != Event::Kind::kMessage) continue;
    const std::string failure = FailureText(event.message);
    if (failure.empty()) continue;
    text += failure;
    PrintFailure(failure);
  }
  if (!run.message.empty()) {
    const std::string failure = ::testing::internal::FormatFileLocation(test.file(), test.line()) +
                                " Failure\n" + run.message + "\n";
    text += failure;
    PrintFailure(failure);
  }
  const std::size_t first = text.find('\n') + 1;
  runs->messages.push_back(text.substr(first, text.find('\n', first) - first));
  runs->texts.push_back(std::move(text));
  PrintTagged("  RETRY   ", std::string(test.test_suite_name()) + "." + test.name() +
                                ", which failed in attempt " + std::to_string(runs->count) +
                                " of at most " + std::to_string(attempts));
}

std::string AddFailedRuns(const std::string& xml, const std::vector<XmlEntry>& entries) {
  std::unordered_map<std::string, const XmlEntry*> by_name;
  for (const XmlEntry& entry : entries) {
    by_name[EscapeXml(entry.suite) + "\n" + EscapeXml(entry.name)] = &entry;
  }
  const std::string start = "<testcase ";
  const std::string end = "</testcase>";
  std::string result;
  std::size_t copied = 0;
  for (std::size_t at = xml.find(start); at != std::string::npos; at = xml.find(start, at + 1)) {
    const std::size_t close = xml.find('>', at);
    if (close == std::string::npos) break;
    if (xml[close - 1] == '/') continue;  // without the properties that ours have
    const std::string tag = xml.substr(at, close - at);
    const auto entry = by_name.find(Attribute(tag, "classname") + "\n" + Attribute(tag, "name"));
    if (entry == by_name.end()) continue;
    const std::size_t last = xml.find(end, close);
    if (last == std::string::npos) break;
    const std::size_t line = xml.rfind('\n', last) + 1;
    result += xml.substr(copied, line - copied) + Elements(*entry->second);
    copied = line;
  }
  return result + xml.substr(copied);
}

std::string AddFailedRunsToOutput(const std::vector<XmlEntry>& entries) {
  const std::string path = entries.empty() ? std::string() : XmlPath();
  struct stat status {};
  const bool regular =
      !path.empty() && ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
  if (!regular) return std::string();
  std::ifstream file(path);
  const std::string xml((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file || xml.empty()) return std::string();  // GoogleTest has said why there is none
  return report::WriteFile(path, AddFailedRuns(xml, entries));
}

}  // namespace internal
}  // namespace testcell
