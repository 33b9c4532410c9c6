#include "explain_report.h"

#include <algorithm>
#include <cstdio>
#include <sstream>
#include <vector>

namespace testcell {
namespace internal {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kTextIndent = 13;  // behind "[ testcell ] "
constexpr std::size_t kQuoteIndent = 15;
constexpr std::size_t kMostSaidLines = 12;
constexpr std::size_t kMostPrintedLines = 6;

bool Continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// Harmless at a terminal, and of so many columns at most.
std::string Quoted(std::string line, std::size_t width) {
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < ' ' || byte == 0x7f) byte = byte == '\t' ? ' ' : '?';
  }
  std::size_t columns = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (Continues(line[i]) || ++columns <= width - 3) continue;
    std::size_t rest = 0;
    for (std::size_t j = i; j < line.size(); ++j) rest += Continues(line[j]) ? 0 : 1;
    if (rest > 3) return line.substr(0, i) + "...";
  }
  return line;
}

}  // namespace

void ExplainReport::Wrapped(const std::string& first, std::size_t indent, const std::string& text) {
  std::string out = first;
  out.resize(std::max(out.size(), indent), ' ');
  std::size_t column = out.size();
  bool begins = true;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (!begins && column + 1 + word.size() > kWidth) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
      begins = true;
    }
    out += (begins ? "" : " ") + word;
    column += word.size() + (begins ? 0 : 1);
    begins = false;
  }
  std::printf("%s\n", out.c_str());
  std::fflush(stdout);
}

void ExplainReport::Say(const std::string& text) { Wrapped("[ testcell ] ", kTextIndent, text); }

void ExplainReport::Add(const std::string& text) { Wrapped("", kTextIndent, text); }

void ExplainReport::Row(int run, const Observation& seen, const std::string& what) {
  char start[64];
  std::snprintf(start, sizeof start, "  run %3d  %-8s ", run, seen.word.c_str());
  const std::string why = seen.reason.empty() ? "" : ": " + seen.reason;
  Wrapped(start, std::string(start).size(), what + why);
}

void ExplainReport::Lines(const std::string& text, std::size_t most, bool from_the_end) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  const std::size_t left_out = lines.size() - std::min(lines.size(), most);
  const std::string indent(kQuoteIndent, ' ');
  const std::size_t begin = from_the_end ? left_out : 0;
  if (from_the_end && left_out > 0) std::printf("%s...\n", indent.c_str());
  for (std::size_t i = begin; i < begin + lines.size() - left_out; ++i) {
    std::printf("%s%s\n", indent.c_str(), Quoted(lines[i], kWidth - kQuoteIndent).c_str());
  }
  if (!from_the_end && left_out > 0) std::printf("%s...\n", indent.c_str());
}

void ExplainReport::Quote(const std::string& title, const Observation& seen) {
  if (seen.said.empty() && seen.printed.empty() && seen.reason.empty()) return;
  Add(title);
  Lines(seen.printed, kMostPrintedLines, true);
  Lines(seen.said, kMostSaidLines, false);
  Lines(seen.reason, 1, false);
  std::fflush(stdout);
}

}  // namespace internal
}  // namespace testcell
