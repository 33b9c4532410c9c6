#include "report/lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "report/columns.h"
#include "report/escape.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

constexpr std::size_t kMostNames = 6;
constexpr std::size_t kMostInLine = 200;
constexpr std::size_t kMostInParagraph = 20;

template <typename Finding, typename Describe>
std::string Join(const std::vector<Finding>& findings, Describe&& describe) {
  std::string text;
  for (std::size_t i = 0; i < std::min(findings.size(), kMostInLine); ++i) {
    text += (i == 0 ? "" : "; ") + Printable(describe(findings[i]));
  }
  if (findings.size() > kMostInLine) {
    text += fmt::format("; and {} more", findings.size() - kMostInLine);
  }
  return text;
}

// What the leak's own name tells already.
bool IsSaid(const Leak& leak, const std::string& name, const std::string& value) {
  if (name == "escaped" || name == "discarded" || value == Name(leak.kind)) return true;
  for (const char* const part : {"pid", "tid", "fd", "command", "name", "path"}) {
    if (name == part && leak.what.find(value) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::string Description(const Leak& leak) {
  const char* note = "";
  if (IsEscape(leak)) note = " (outside the cell, still there)";
  if (FindDetail(leak, "discarded") != nullptr) note = " (gone with the cell)";
  return fmt::format("{}: {}{}", Name(leak.kind), leak.what, note);
}

std::string Details(const Leak& leak) {
  std::string text;
  for (const auto& [name, value] : leak.detail) {
    if (IsSaid(leak, name, value)) continue;
    std::string words = name;
    std::string unit;
    for (const char* const known : {"_ms", "_bytes", "_kib"}) {
      const std::size_t at = words.rfind(known);
      if (at == std::string::npos || at + std::string(known).size() != words.size()) continue;
      unit = std::string(" ") + (known + 1);
      words.resize(at);
    }
    std::replace(words.begin(), words.end(), '_', ' ');
    text.append(text.empty() ? "" : ", ").append(words).append(" ").append(value).append(unit);
  }
  return text;
}

std::string Names(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kMostNames) text += fmt::format(" and {} more", names.size() - kMostNames);
  return text;
}

std::string Line(const std::vector<Leak>& leaks) {
  return Join(leaks, [](const Leak& leak) {
    return Description(leak) + (leak.allowed.empty() ? "" : " (allowed: " + leak.allowed + ")");
  });
}

std::string Line(const std::vector<Use>& uses) {
  std::vector<Use> named;
  std::copy_if(uses.begin(), uses.end(), std::back_inserter(named),
               [](const Use& use) { return !use.made_up; });
  return Join(named, [](const Use& use) { return fmt::format("{} {}", Name(use.kind), use.name); });
}

std::string Paragraph(const std::vector<Leak>& leaks) {
  std::string text;
  std::size_t count = 0;
  for (const Leak& leak : leaks) {
    if (!leak.allowed.empty() || ++count > kMostInParagraph) continue;
    text += "\n  " + Printable(Description(leak));
    const std::string details = Details(leak);
    if (!details.empty()) text += "\n    " + Printable(details);
  }
  if (count > kMostInParagraph) text += fmt::format("\n  and {} more", count - kMostInParagraph);
  return text;
}

std::string Paragraph(const std::vector<Conflict>& conflicts) {
  std::string text;
  for (std::size_t i = 0; i < std::min(conflicts.size(), kMostInParagraph); ++i) {
    const Conflict& conflict = conflicts[i];
    const char* const note = conflict.real     ? " (they did, on the host)"
                             : conflict.shared ? " (in cells too, on the host)"
                                               : "";
    text += "\n  " + Printable(fmt::format("{} {}: {}{}", Name(conflict.kind), conflict.name,
                                           Names(conflict.tests), note));
  }
  if (conflicts.size() > kMostInParagraph) {
    text += fmt::format("\n  and {} more", conflicts.size() - kMostInParagraph);
  }
  return text;
}

}  // namespace testcell::report
