#include "xml_report.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace testcell::cli {
namespace {

// Of a report's root and of its suites: what is added up.
constexpr const char* kCounts[] = {"tests", "failures", "disabled", "skipped", "errors"};

bool AllDigits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::int64_t> Count(const std::string& text) {
  constexpr std::size_t kMostDigits = 9;
  if (text.empty() || text.size() > kMostDigits || !AllDigits(text)) return std::nullopt;
  return std::stoll(text);
}

// "0.012", "3", "3.": seconds, which GoogleTest has to a millisecond.
std::optional<std::chrono::milliseconds> Seconds(const std::string& text) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const auto whole = Count(text.substr(0, point));
  std::string rest = point == text.size() ? "" : text.substr(point + 1);
  if (!whole || !AllDigits(rest)) return std::nullopt;
  constexpr std::size_t kDigits = 3;
  rest.resize(kDigits, '0');
  return std::chrono::seconds(*whole) + std::chrono::milliseconds(std::stoll(rest));
}

std::string SecondsText(std::chrono::milliseconds time) {
  std::string rest = std::to_string(time.count() % 1000);
  rest.insert(0, 3 - rest.size(), '0');
  return std::to_string(time.count() / 1000) + "." + rest;
}

std::string Named(const XmlElement& element) {
  const std::string& name = element.Attribute("name");
  return "<" + element.name + (name.empty() ? "" : " name=\"" + name + "\"") + ">";
}

std::string CheckCounts(const XmlElement& element) {
  for (const char* name : kCounts) {
    const bool needed = name == kCounts[0] || name == kCounts[1];
    if (!element.HasAttribute(name) && !needed) continue;
    if (!Count(element.Attribute(name))) return Named(element) + " has no number of " + name;
  }
  return std::string();
}

// Empty, or what makes it none of GoogleTest's.
std::string Check(const XmlElement& root) {
  if (root.name != "testsuites") return "its root is <" + root.name + ">, not <testsuites>";
  std::string error = CheckCounts(root);
  for (const XmlElement& suite : root.children) {
    if (!error.empty()) break;
    if (suite.name != "testsuite") return "there is a <" + suite.name + "> in <testsuites>";
    if (!suite.HasAttribute("name")) return "a <testsuite> has no name";
    error = CheckCounts(suite);
    for (const XmlElement& test : suite.children) {
      if (test.name != "testcase") continue;
      if (!test.HasAttribute("name") || !test.HasAttribute("status")) {
        return "a <testcase> of " + Named(suite) + " has no name or no status";
      }
    }
  }
  return error;
}

// The numbers of two reports of one thing; of anything else the first one's holds.
void AddNumbers(const XmlElement& from, XmlElement* into) {
  for (const char* name : kCounts) {
    const auto more = Count(from.Attribute(name));
    if (!more) continue;
    const auto before = Count(into->Attribute(name)).value_or(0);
    constexpr std::int64_t kMost = 999'999'999;
    into->SetAttribute(name, std::to_string(std::min(before + *more, kMost)));
  }
  const auto before = Seconds(into->Attribute("time"));
  const auto more = Seconds(from.Attribute("time"));
  if (before && more) into->SetAttribute("time", SecondsText(*before + *more));
  const std::string& began = from.Attribute("timestamp");
  if (!began.empty() && began < into->Attribute("timestamp")) {
    into->SetAttribute("timestamp", began);
  }
  for (const auto& [name, value] : from.attributes) {
    if (!into->HasAttribute(name)) into->SetAttribute(name, value);
  }
}

}  // namespace

std::string XmlReport::Add(const std::string& text) {
  XmlElement report;
  std::string error = ParseXml(text, &report);
  if (error.empty()) error = Check(report);
  if (!error.empty()) return error;
  added_.clear();
  std::vector<XmlElement> suites;
  suites.swap(report.children);
  if (root_.name.empty()) {
    root_ = std::move(report);
  } else {
    AddNumbers(report, &root_);
  }
  for (XmlElement& suite : suites) {
    for (const XmlElement& test : suite.children) {
      // One without a name is a set-up's or the program's failure.
      if (test.name != "testcase" || test.Attribute("name").empty()) continue;
      added_.push_back({suite.Attribute("name") + "." + test.Attribute("name"),
                        test.Attribute("status") == "run",
                        Seconds(test.Attribute("time")).value_or(std::chrono::milliseconds(0))});
    }
    const auto [place, is_new] =
        suites_.try_emplace(suite.Attribute("name"), root_.children.size());
    if (is_new) {
      root_.children.push_back(std::move(suite));
      continue;
    }
    XmlElement& known = root_.children[place->second];
    AddNumbers(suite, &known);
    std::move(suite.children.begin(), suite.children.end(), std::back_inserter(known.children));
  }
  return std::string();
}

}  // namespace testcell::cli
