#include "cell/plan_environment.h"

#include <unistd.h>

#include <map>
#include <optional>
#include <string>

namespace testcell::cell {

void PlanEnvironment(const decltype(Options::environment)& wanted, Plan* plan) {
  std::map<std::string, std::optional<std::string>> changes;
  for (const auto& [name, value] : wanted) changes[name] = value;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (changes.count(text.substr(0, text.find('='))) == 0) plan->environment.push_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (value) plan->environment.push_back(name + "=" + *value);
  }
  if (changes.empty()) plan->environment.clear();  // init leaves environ alone
  for (std::string& text : plan->environment) plan->environ_block.push_back(text.data());
  plan->environ_block.push_back(nullptr);
}

}  // namespace testcell::cell
