// testcell merge: the reports of several shards as one.
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "command.h"
#include "merge/xml_report.h"
#include "testcell/internal/history.h"
#include "testcell/internal/report.h"

namespace testcell::cli {
namespace {

using std::chrono::microseconds;

constexpr char kDescription[] =
    "Joins the reports of shards: testcell's JSON reports, or GoogleTest's XML files.\n"
    "OUT is written when all of them are read, and whole or not at all.\n\n"
    "Exit status: 0 if OUT was written, whatever the tests' results; 1 if an input is\n"
    "no such report, or has a test that another one has, or OUT can't be written; 2\n"
    "for bad flags.";

constexpr int kStatusNotJoined = 1;
constexpr std::size_t kLargest = std::size_t{128} << 20;

// Empty, or what went wrong.
std::string ReadFile(const std::string& path, std::string* text) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::vector<char> buffer(1 << 16);
  ssize_t size = fd < 0 ? -1 : 1;
  while (size > 0 && text->size() <= kLargest) {
    size = ::read(fd, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR)
      size = 1;
    else if (size > 0)
      text->append(buffer.data(), static_cast<std::size_t>(size));
  }
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (size < 0) return std::string("cannot read it: ") + ::strerror(error);
  return text->size() > kLargest ? "it is larger than 128 MiB" : std::string();
}

enum class Kind { kNone, kJson, kXml };

Kind KindOf(const std::string& text) {
  const std::size_t bom = text.rfind("\xEF\xBB\xBF", 0) == 0 ? 3 : 0;
  const std::size_t first = text.find_first_not_of(" \t\r\n", bom);
  if (first == std::string::npos) return Kind::kNone;
  return text[first] == '{' ? Kind::kJson : text[first] == '<' ? Kind::kXml : Kind::kNone;
}

class Joined {
 public:
  // The next shard's. Empty, or what is wrong with it.
  std::string Add(const std::string& path) {
    std::string text;
    std::string error = ReadFile(path, &text);
    if (!error.empty()) return error;
    const Kind kind = KindOf(text);
    if (kind == Kind::kNone) return "it is neither JSON nor XML";
    if (kind_ != Kind::kNone && kind != kind_) {
      return kind == Kind::kXml ? "it is XML, and those before it are JSON"
                                : "it is JSON, and those before it are XML";
    }
    kind_ = kind;
    inputs_.push_back(path);
    return kind == Kind::kJson ? AddJson(text) : AddXml(text);
  }

  std::string Text() {
    return kind_ == Kind::kJson ? report::Json(report::Merge(std::move(runs_))) : xml_.Text();
  }

  // Of the tests that came to their end.
  const std::map<std::string, microseconds>& durations() const { return durations_; }

 private:
  std::string AddJson(const std::string& text) {
    report::Run run;
    std::string error = report::ReadJson(text, &run);
    for (const report::Test& test : run.tests) {
      if (error.empty()) error = Know(test.FullName());
      const bool interrupted =
          test.outcome.kind == OutcomeKind::kFailed && test.outcome.signal != 0;
      if (!interrupted) durations_[test.FullName()] = test.outcome.wall;
    }
    runs_.push_back(std::move(run));
    return error;
  }

  std::string AddXml(const std::string& text) {
    std::string error = xml_.Add(text);
    if (!error.empty()) return error;
    for (const XmlReport::Test& test : xml_.added()) {
      if (error.empty()) error = Know(test.name);
      if (test.ran) durations_[test.name] = test.took;
    }
    return error;
  }

  // A program may have two tests of one name; two shards may not.
  std::string Know(const std::string& test) {
    const std::size_t input = inputs_.size() - 1;
    const auto known = input_of_.try_emplace(test, input).first;
    if (known->second == input) return std::string();
    return "it has " + test + ", which " + inputs_[known->second] + " has, too";
  }

  Kind kind_ = Kind::kNone;
  std::vector<report::Run> runs_;
  XmlReport xml_;
  std::vector<std::string> inputs_;
  std::map<std::string, std::size_t> input_of_;  // a test's
  std::map<std::string, microseconds> durations_;
};

int NotJoined(const std::string& why) {
  Complain(why);
  return kStatusNotJoined;
}

}  // namespace

int Merge(const Words& words) {
  CLI::App app(kDescription, "testcell merge");
  SetUsage(&app, "testcell merge [FLAGS] OUT IN...");
  std::string history_path;
  AddFlag(&app,
          {"history", "FILE",
           "The durations of all tests go into this file, too, which can balance the next "
           "shards. []",
           [&](const std::string& text) { return internal::ParsePath(text, &history_path); }},
          [](const std::string&) {});
  Words files;
  const int refused = Parse(&app, words, &files);
  if (refused >= 0) return refused;
  if (files.size() < 2) {
    Complain("there is nothing to join; testcell merge --help has the form");
    return kStatusRefused;
  }
  std::string error;
  Joined joined;
  for (std::size_t i = 1; i < files.size(); ++i) {
    error = joined.Add(files[i]);
    if (!error.empty()) return NotJoined(files[i] + ": " + error);
  }
  internal::History history;
  error = history.Load(history_path);
  if (!error.empty()) return NotJoined(error);
  error = report::WriteFile(files.front(), joined.Text());
  if (!error.empty()) return NotJoined(error);
  for (const auto& [test, took] : joined.durations()) history.Record(test, took);
  error = history.Save();
  return error.empty() ? 0 : NotJoined(error);
}

}  // namespace testcell::cli
