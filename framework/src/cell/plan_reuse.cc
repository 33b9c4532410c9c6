#include "cell/plan_reuse.h"

#include "cell/below.h"

namespace testcell::cell {
namespace {

// The directories that were made in a private one on the way to what is bound there.
// False for those that are not in the base tmpfs.
bool AddMade(const std::string& target, Plan* plan) {
  for (const probe::Tree& tree : plan->places.trees) {
    if (!IsBelow(target, tree.path)) continue;
    if (tree.name.empty()) return false;
    for (std::size_t end = target.find('/', tree.path.size() + 1); end != std::string::npos;
         end = target.find('/', end + 1)) {
      plan->lasting.push_back(tree.name + target.substr(tree.path.size(), end - tree.path.size()));
    }
  }
  return true;
}

bool AddLasting(Plan* plan) {
  for (const probe::Tree& tree : plan->places.trees) {
    if (!tree.name.empty()) plan->lasting.push_back(tree.name);
  }
  for (const Plan::Entry& entry : plan->run.entries) {
    if (entry.kind == Plan::Entry::Kind::kDirectory) plan->lasting.push_back("run/" + entry.name);
  }
  bool all = true;
  for (const auto& through : plan->throughs) all = AddMade(through.path, plan) && all;
  for (const auto& bind : plan->binds) all = AddMade(bind.path, plan) && all;
  return all;
}

}  // namespace

void PlanReuse(const Options& options, Reuse by_default, bool whole, Plan* plan) {
  const bool wants_capabilities = options.user == User::kRoot || options.user_namespace;
  if (wants_capabilities || options.reuse.value_or(by_default) != Reuse::kClean) return;
  plan->without_capabilities = true;
  // What cells share, no cell is known to have left as it was.
  plan->reuse = whole && plan->own_net && plan->own_ipc && !plan->host_name.empty() &&
                plan->carry.empty() && AddLasting(plan);
}

bool IsRootInside(const Plan& plan) { return plan.user == UserMode::kRoot || plan.uid == 0; }

}  // namespace testcell::cell
