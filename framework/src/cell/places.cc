#include "cell/places.h"

#include <sys/stat.h>

namespace testcell::cell {
namespace {

void AddPrivates(const Plan& plan, probe::Places* places) {
  for (const auto& directory : plan.privates) {
    probe::Tree tree;
    tree.path = directory.path;
    tree.shm = directory.path == plan.shm_path;
    const bool own = tree.shm && !plan.shm_options.empty();
    if (!own) tree.name = directory.name;
    places->trees.push_back(tree);
  }
}

void AddOverlays(const Plan& plan, probe::Places* places) {
  for (const auto& overlay : plan.overlays) {
    probe::Tree tree;
    tree.path = overlay.path;
    tree.name = overlay.upper;
    tree.lower = overlay.lower;
    tree.discarded = true;
    tree.working_directory = overlay.step == Step::kWorkingDirectoryOverlay;
    places->trees.push_back(tree);
    for (const auto& submount : overlay.submounts) places->given.push_back(submount.path);
  }
}

// /run, put together.
void AddComposed(const Plan& plan, probe::Places* places) {
  if (plan.run.path.empty()) return;
  probe::Tree run;
  run.path = plan.run.path;
  run.name = "run";
  run.discarded = true;
  places->trees.push_back(run);
  for (const auto& entry : plan.run.entries) {
    const std::string path = plan.run.path + "/" + entry.name;
    places->given.push_back(path);
    if (entry.kind != Plan::Entry::Kind::kOverlay) continue;
    probe::Tree tree;
    tree.path = path;
    tree.name = "upper-" + entry.text;
    tree.lower = plan.run.source;
    tree.lower_prefix = entry.name;
    tree.discarded = true;
    places->trees.push_back(tree);
  }
}

// Where something is bound, and the directories that were made for it.
void AddGiven(const std::string& path, probe::Places* places) {
  for (const probe::Tree& tree : places->trees) {
    const std::string start = tree.path + "/";
    if (path.compare(0, start.size(), start) != 0) continue;
    for (std::size_t end = path.find('/', start.size()); end != std::string::npos;
         end = path.find('/', end + 1)) {
      places->given.push_back(path.substr(0, end));
    }
  }
  places->given.push_back(path);
}

}  // namespace

probe::Places MakePlaces(const Plan& plan) {
  probe::Places places;
  places.host_name = plan.host_name;
  places.own_processes = plan.own_processes;
  places.own_proc = plan.own_proc;
  places.own_mounts = plan.own_mounts;
  places.own_net = plan.own_net;
  places.own_ipc = plan.own_ipc;
  AddPrivates(plan, &places);
  AddOverlays(plan, &places);
  AddComposed(plan, &places);
  for (const auto& through : plan.throughs) AddGiven(through.path, &places);
  for (const auto& bind : plan.binds) AddGiven(bind.path, &places);
  for (const auto& directory : plan.privates) AddGiven(directory.path, &places);
  for (const auto& bind : plan.binds) {
    if (!bind.read_only) places.shared.push_back(plan.open_paths[bind.source]);
  }
  places.lowers.resize(plan.open_paths.size());
  for (const probe::Tree& tree : places.trees) {
    if (tree.lower != probe::kNoLower) places.lowers[tree.lower] = true;
  }
  return places;
}

}  // namespace testcell::cell
