#include "report/columns.h"

#include <fmt/format.h>

#include <algorithm>

namespace testcell::report {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// The length of the character of UTF-8 that begins here, as one that can be
// shown; 0: there is none.
std::size_t CharacterAt(const std::string& text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : 0;
  std::size_t size = 0;
  if (lead >= 0xC2 && lead <= 0xDF) size = 2;
  if (lead >= 0xE0 && lead <= 0xEF) size = 3;
  if (lead >= 0xF0 && lead <= 0xF4) size = 4;
  if (size == 0 || at + size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[at + i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[at + 1]);
  if (lead == 0xC2 && second < 0xA0) return 0;  // the second set of controls
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second >= 0xA0)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second >= 0x90)) return 0;
  return size;
}

// The first byte that is past so many columns.
std::size_t ByteAtColumn(const std::string& text, std::size_t begin, std::size_t columns) {
  std::size_t at = begin;
  while (at < text.size() && columns > 0) {
    ++at;
    while (at < text.size() && IsContinuation(text[at])) ++at;
    --columns;
  }
  return at;
}

}  // namespace

std::string Printable(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    if (const std::size_t size = CharacterAt(text, i)) {
      result.append(text, i, size);
      i += size;
      continue;
    }
    const char c = text[i++];
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

std::size_t Columns(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::vector<std::string> Wrap(const std::string& text, std::size_t width, std::size_t most) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t end = ByteAtColumn(text, begin, width);
    std::size_t next = end;
    if (lines.size() + 1 == most) {
      std::string last = text.substr(begin);
      if (end < text.size()) {
        last = text.substr(begin, ByteAtColumn(text, begin, width - 3) - begin) + "...";
      }
      lines.push_back(std::move(last));
      return lines;
    }
    if (end < text.size()) {
      const std::size_t space = text.rfind(' ', end);
      if (space != std::string::npos && space > begin) end = next = space;
    }
    lines.push_back(text.substr(begin, end - begin));
    while (next < text.size() && text[next] == ' ') ++next;
    begin = next;
  }
  return lines;
}

}  // namespace testcell::report
