#include "cell/plan_carry.h"

#include <fmt/format.h>

#include "cell/below.h"

namespace testcell::cell {
namespace {

// The private directory that an absolute pattern leads to.
std::string PrivateAt(const CarryPattern& pattern, const Plan& plan) {
  if (!pattern.absolute()) return {};
  const std::string prefix = pattern.Prefix();
  for (const auto& overlay : plan.overlays) {
    if (IsAtOrBelow(prefix, overlay.path) || IsBelow(overlay.path, prefix)) return {};
  }
  for (const auto& directory : plan.privates) {
    if (IsAtOrBelow(prefix, directory.path)) return directory.path;
  }
  return {};
}

}  // namespace

bool PlanCarry(const std::vector<std::string>& patterns, Plan* plan, std::string* error) {
  if (patterns.empty()) return true;
  for (const std::string& text : patterns) {
    plan->carry.emplace_back(text);
    const std::string directory = PrivateAt(plan->carry.back(), *plan);
    if (directory.empty()) continue;
    *error = fmt::format(
        "the pattern '{}' of files to carry back names {}, which is not copy-on-write: each "
        "cell has an empty one of its own",
        text, directory);
    return false;
  }
  for (const auto& overlay : plan->overlays) {
    plan->carry_places.push_back({overlay.path, overlay.upper, overlay.step != Step::kRunOverlay,
                                  overlay.step == Step::kWorkingDirectoryOverlay});
  }
  for (const auto& entry : plan->run.entries) {
    if (entry.kind != Plan::Entry::Kind::kOverlay) continue;
    plan->carry_places.push_back(
        {plan->run.path + "/" + entry.name, "upper-" + entry.text, false, false});
  }
  return true;
}

}  // namespace testcell::cell
