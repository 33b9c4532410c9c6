#include <string>

#include "report/advice.h"
#include "report/json.h"
#include "report/page.h"

namespace testcell::report {
namespace {

// JSON that may stand inside of <script>: no name can end it, or begin a
// comment there.
std::string Embeddable(const std::string& json) {
  std::string text;
  text.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

std::string Html(const Run& run) {
  nlohmann::ordered_json data = RunObject(run);
  for (std::size_t i = 0; i < run.tests.size(); ++i) {
    nlohmann::ordered_json& test = data["tests"][i];
    test["start_us"] = run.tests[i].start.count();
    test["wall_us"] = run.tests[i].outcome.wall.count();
    test["reason"] = run.tests[i].outcome.reason;
  }
  data["advice"] = nlohmann::ordered_json::array();
  constexpr int kWidth = 100;
  for (const LockAdvice& lock : CTestLocks(ForCTest(run), kWidth)) {
    for (const std::string& line : lock.lines) data["advice"].push_back(line);
  }
  std::string page = kPage;
  const std::size_t place = page.find(kPageData);
  return page.replace(place, sizeof kPageData - 1, Embeddable(Dump(data, -1)));
}

}  // namespace testcell::report
