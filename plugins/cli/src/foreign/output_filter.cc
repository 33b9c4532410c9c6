#include "output_filter.h"

#include <algorithm>
#include <sstream>

namespace testcell::cli {
namespace {

// Lines of GoogleTest's printer, outside of a test.
bool IsPrinters(const std::string& line) {
  static constexpr std::string_view kStarts[] = {"[==========]",
                                                 "[----------]",
                                                 "[  PASSED  ]",
                                                 "[  FAILED  ]",
                                                 "[  SKIPPED ]",
                                                 "[ RUN      ]",
                                                 "[       OK ]",
                                                 "Note: Google Test filter =",
                                                 "Note: Randomizing tests",
                                                 "Running main() from "};
  return std::any_of(
             std::begin(kStarts), std::end(kStarts),
             [&](std::string_view start) { return line.compare(0, start.size(), start) == 0; }) ||
         line.find(" FAILED TEST") != std::string::npos ||
         line.find(" DISABLED TEST") != std::string::npos;
}

void AppendOthers(const std::string& text, std::string* result) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && !IsPrinters(line)) *result += line + "\n";
  }
}

}  // namespace

OutputFilter::OutputFilter(const std::string& full_name)
    : start_("[ RUN      ] " + full_name + "\n") {
  // A parameter follows, or the time, or nothing: as the name of another test
  // may begin with this one, one of these has to.
  for (const char* word : {"[       OK ] ", "[  FAILED  ] ", "[  SKIPPED ] "}) {
    for (const char* follows : {" (", ", where ", "\n"}) {
      ends_.push_back(word + full_name + follows);
    }
  }
}

std::string OutputFilter::Feed(std::string_view bytes) {
  if (phase_ == Phase::kAfter) {
    after_ += bytes;
    return std::string();
  }
  if (phase_ == Phase::kTest) {
    held_ += bytes;
    return TakeTest();
  }
  before_ += bytes;
  const std::size_t at = before_.find(start_);
  if (at == std::string::npos) return std::string();
  held_ = before_.substr(at + start_.size());
  before_.resize(at);
  phase_ = Phase::kTest;
  return TakeTest();
}

std::string OutputFilter::TakeTest() {
  std::size_t end = std::string::npos;
  std::size_t longest = 0;
  for (const std::string& mark : ends_) {
    end = std::min(end, held_.find(mark));
    longest = std::max(longest, mark.size());
  }
  if (end != std::string::npos) {
    after_ = held_.substr(end);
    phase_ = Phase::kAfter;
  } else {
    // From here on it could still become one.
    std::size_t begin = held_.size() < longest ? 0 : held_.size() - longest;
    for (end = held_.size(); begin < held_.size(); ++begin) {
      const std::string_view tail = std::string_view(held_).substr(begin);
      if (std::any_of(ends_.begin(), ends_.end(), [&](const std::string& mark) {
            return mark.compare(0, tail.size(), tail) == 0;
          })) {
        end = begin;
        break;
      }
    }
  }
  std::string text = held_.substr(0, end);
  held_.erase(0, phase_ == Phase::kAfter ? std::string::npos : end);
  return text;
}

std::string OutputFilter::Finish() {
  std::string text;
  text.swap(held_);
  return text;
}

std::string OutputFilter::Outside() const {
  std::string text;
  AppendOthers(before_, &text);
  AppendOthers(after_, &text);
  return text;
}

}  // namespace testcell::cli
