// GoogleTest's XML reports of several shards, joined.
#ifndef TESTCELL_CLI_SRC_MERGE_XML_REPORT_H_
#define TESTCELL_CLI_SRC_MERGE_XML_REPORT_H_

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../xml.h"

namespace testcell::cli {

class XmlReport {
 public:
  // Of the next shard. Empty, or what is wrong with the text, as the end of a
  // sentence; then nothing of it counts.
  std::string Add(const std::string& text);

  struct Test {
    std::string name;  // "Suite.Case"
    bool ran = false;
    std::chrono::milliseconds took{0};
  };
  // Those of the text that was added last.
  const std::vector<Test>& added() const { return added_; }

  std::string Text() const { return WriteXml(root_); }

 private:
  XmlElement root_;
  std::map<std::string, std::size_t> suites_;  // by name, where they are in the root
  std::vector<Test> added_;
};

}  // namespace testcell::cli

#endif  // TESTCELL_CLI_SRC_MERGE_XML_REPORT_H_
