// GoogleTest's XML as `testcell gtest` and `testcell merge` get it: it is refused,
// or can be written and read again.
#include <cstdint>
#include <string>

#include "edited.h"
#include "merge/xml_report.h"

namespace testcell::fuzz {
namespace {

const char kGood[] = R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" disabled="1" errors="0" time="0.5" timestamp="2026-01-01" name="A">
  <testsuite name="A" tests="2" failures="1" disabled="1" skipped="0" errors="0" time="1.">
    <testcase name="a&#x0A;&amp;" status="run" result="completed" time="0.001" classname="A">
      <failure message="x" type=""><![CDATA[one ]]>]]&gt;<![CDATA[two]]></failure>
      <properties><property name="p" value="v"/></properties>
    </testcase>
    <testcase name="b" status="notrun" classname="A" /> <!-- none -->
  </testsuite>
</testsuites>
)";

void Read(Input* input) {
  const std::string text = Edited(kGood, input);
  cli::XmlElement root;
  if (cli::ParseXml(text, &root).empty()) {
    const std::string written = cli::WriteXml(root);
    cli::XmlElement again;
    Require(cli::ParseXml(written, &again).empty(), "what was written can be read");
    Require(cli::WriteXml(again) == written, "and is written alike");
  }
  cli::XmlReport report;
  Require(report.Add(kGood).empty(), "a good report is one");
  if (report.Add(text).empty()) {
    cli::XmlReport joined;
    Require(joined.Add(report.Text()).empty(), "what was joined can be joined");
  }
}

}  // namespace
}  // namespace testcell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testcell::fuzz::Input input(data, size);
  testcell::fuzz::Read(&input);
  return 0;
}
