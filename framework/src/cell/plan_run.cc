#include "cell/plan_run.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "cell/below.h"

namespace testcell::cell {
namespace {

// What this user could write to becomes copy-on-write, the rest is bound.
void Compose(const HostFacts& host, const std::string& directory, const std::string& prefix,
             std::vector<Plan::Entry>* entries) {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = prefix + file.path().filename().string();
    const std::string path = file.path().string();
    struct stat status;
    if (::lstat(path.c_str(), &status) != 0) continue;
    const mode_t mode = status.st_mode & 07777;
    using Kind = Plan::Entry::Kind;
    if (S_ISLNK(status.st_mode)) {
      const std::string target = std::filesystem::read_symlink(file.path(), error).string();
      entries->push_back({Kind::kSymlink, name, target, false, 0});
    } else if (!S_ISDIR(status.st_mode)) {
      entries->push_back({Kind::kBind, name, "", false, mode});
    } else if (HasMountsBelow(host, path)) {
      entries->push_back({Kind::kDirectory, name, "", true, mode});
      Compose(host, path, name + "/", entries);
    } else if (::access(path.c_str(), W_OK) == 0 && name.find_first_of(",:\\") == name.npos) {
      const std::string number = fmt::format("run{}", entries->size());
      entries->push_back({Kind::kOverlay, name, number, true, mode});
    } else {
      entries->push_back({Kind::kBind, name, "", true, mode});
    }
  }
}

}  // namespace

bool HasMountsBelow(const HostFacts& host, const std::string& path) {
  return std::any_of(host.mount_points.begin(), host.mount_points.end(),
                     [&](const std::string& point) { return IsBelow(point, path); });
}

void ComposeRun(const HostFacts& host, Plan* plan) {
  Compose(host, plan->run.path, "", &plan->run.entries);
}

}  // namespace testcell::cell
