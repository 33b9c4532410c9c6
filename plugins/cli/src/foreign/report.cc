#include "report.h"

#include <cmath>
#include <cstdlib>

#include "../xml.h"

namespace testcell::cli {
namespace {

// "FILE:LINE\nMESSAGE", "FILE\nMESSAGE" or "unknown file\nMESSAGE".
ForeignPart ReadPart(const XmlElement& element) {
  const std::string& text = element.text.empty() ? element.Attribute("message") : element.text;
  ForeignPart part;
  const std::size_t end = text.find('\n');
  const std::string place = text.substr(0, end);
  if (end != std::string::npos) part.message = text.substr(end + 1);
  const std::size_t colon = place.rfind(':');
  if (colon != std::string::npos && colon + 1 < place.size() &&
      place.find_first_not_of("0123456789", colon + 1) == std::string::npos) {
    part.file = place.substr(0, colon);
    part.line = std::atoi(place.c_str() + colon + 1);
  } else if (place != "unknown file") {
    part.file = place;
  }
  return part;
}

void ReadProperties(const XmlElement& element, ForeignResult* result) {
  for (const XmlElement& child : element.children) {
    if (child.name != "properties") continue;
    for (const XmlElement& property : child.children) {
      result->properties.emplace_back(property.Attribute("name"), property.Attribute("value"));
    }
  }
  // Until 1.8.0 they were attributes.
  static constexpr const char* kKnown[] = {"name",      "status",     "result",     "time",
                                           "timestamp", "classname",  "type_param", "file",
                                           "line",      "value_param"};
  for (const auto& [name, value] : element.attributes) {
    bool known = false;
    for (const char* other : kKnown) known = known || name == other;
    if (!known) result->properties.emplace_back(name, value);
  }
}

void ReadTest(const XmlElement& element, ForeignResult* result) {
  result->ran = true;
  result->elapsed_ms = std::llround(std::strtod(element.Attribute("time").c_str(), nullptr) * 1000);
  for (const XmlElement& child : element.children) {
    if (child.name != "failure" && child.name != "skipped") continue;
    result->parts.push_back(ReadPart(child));
    result->parts.back().skip = child.name == "skipped";
    result->failed = result->failed || child.name == "failure";
  }
  ReadProperties(element, result);
}

}  // namespace

ForeignResult ReadResult(const std::string& xml, const ForeignTest& test) {
  ForeignResult result;
  XmlElement root;
  if (!ParseXml(xml, &root).empty()) return result;
  for (const XmlElement& suite : root.children) {
    for (const XmlElement& element : suite.children) {
      if (element.name == "failure") result.other_failures.push_back(ReadPart(element));
      if (element.name != "testcase") continue;
      const bool is_it =
          suite.Attribute("name") == test.suite && element.Attribute("name") == test.name;
      const bool ran = element.Attribute("status") == "run";
      // Set-ups that fail are shown as a test without a name.
      if (ran && !element.Attribute("name").empty()) ++result.tests_run;
      if (is_it && ran) {
        ReadTest(element, &result);
      } else if (element.Attribute("name").empty()) {
        for (const XmlElement& child : element.children) {
          if (child.name == "failure") result.other_failures.push_back(ReadPart(child));
        }
      }
    }
  }
  return result;
}

}  // namespace testcell::cli
