#include "tool_report.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

// In the runtime of every sanitizer. A callback set here would replace the
// user's own, so that it serves only to know that there is one.
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace testcell {
namespace internal {
namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr char kSummary[] = "SUMMARY: ";
// UndefinedBehaviorSanitizer has no summary unless asked for one.
constexpr char kRuntimeError[] = ": runtime error: ";

}  // namespace

bool ToolReport::Present() { return __sanitizer_set_death_callback != nullptr; }

ToolReport& ToolReport::Current() {
  static auto* const report = new ToolReport();
  return *report;
}

void ToolReport::Read(int stream, const std::string& part) {
  if (!Present()) return;
  std::string& line = lines_[stream == 2 ? 1 : 0];
  for (std::size_t begin = 0; begin < part.size();) {
    const std::size_t end = std::min(part.find('\n', begin), part.size());
    const std::size_t room = kLongestLine - std::min(line.size(), kLongestLine);
    line.append(part, begin, std::min(end - begin, room));
    if (end < part.size()) EndLine(&line);
    begin = end + 1;
  }
}

void ToolReport::EndLine(std::string* line) {
  const std::size_t length = std::strlen(kSummary);
  if (line->compare(0, length, kSummary) == 0 &&
      line->find("Sanitizer: ", length) != std::string::npos) {
    summary_ = line->substr(length);
  } else if (line->find(kRuntimeError) != std::string::npos) {
    summary_ = "UndefinedBehaviorSanitizer: " + *line;
  }
  line->clear();
}

void ToolReport::Forget() {
  for (std::string& line : lines_) line.clear();
  summary_.clear();
}

}  // namespace internal
}  // namespace testcell
