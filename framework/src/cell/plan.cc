#include "cell/plan.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "cell/below.h"
#include "cell/places.h"
#include "cell/plan_carry.h"
#include "cell/plan_environment.h"
#include "cell/plan_reuse.h"
#include "cell/plan_run.h"

namespace testcell::cell {
namespace {

bool IsDirectory(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool IsInHosts(const std::string& hosts, const std::string& name) {
  std::istringstream lines(hosts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string word;
    words >> word;  // the address
    while (words >> word) {
      if (word == name) return true;
    }
  }
  return false;
}

std::string SizeOption(std::uint64_t bytes) {
  return bytes == 0 ? std::string() : fmt::format(",size={}", bytes);
}

// Builds one plan; each step adds what one part of the cell needs.
class Planner {
 public:
  Planner(const Options& options, const Defaults& defaults, const HostFacts& host, Plan* plan)
      : options_(options),
        defaults_(defaults),
        host_(host),
        plan_(*plan),
        tmp_(options.tmp.value_or(defaults.tmp)),
        cwd_(options.cwd.value_or(defaults.cwd)),
        net_(options.net.value_or(defaults.net)),
        user_(options.user.value_or(defaults.user)) {}

  bool Make(std::string* error) {
    plan_.cwd = host_.cwd;
    Namespaces();
    Names();
    if (plan_.own_mounts && !Files(error)) return false;
    PlanEnvironment(options_.environment, &plan_);
    plan_.limits = options_.limits;
    plan_.places = MakePlaces(plan_);
    PlanReuse(options_, defaults_.reuse, !lacking_, &plan_);
    if (!plan_.cwd_shared.empty()) plan_.rung = Rung::kPartial;
    if (lacking_) plan_.rung = plan_.own_processes ? Rung::kPartial : Rung::kFork;
    if (plan_.open_paths.size() > kMaxPaths) {
      *error = fmt::format("a cell can bind at most {} paths, {} were asked for", kMaxPaths,
                           plan_.open_paths.size());
      return false;
    }
    return true;
  }

 private:
  // Of what the cell should have; notes what it has to do without.
  bool Has(Part part) {
    const bool has = (defaults_.lacks & Set(part)) == 0;
    lacking_ = lacking_ || !has;
    return has;
  }

  bool Files(std::string* error) {
    if (!Base(error)) return false;
    PrivateDirectories();
    Overlays();
    if (!WorkingDirectoryOverlay(error)) return false;
    Temporaries();
    Throughs();
    Outputs();
    Binds();
    Submounts();
    Order();
    std::vector<std::string> carry = options_.carry;
    carry.insert(carry.end(), defaults_.carry.begin(), defaults_.carry.end());
    return PlanCarry(carry, &plan_, error);
  }

  void Namespaces() {
    plan_.uid = host_.uid;
    plan_.gid = host_.gid;
    if (host_.privileged) {
      plan_.user = options_.user_namespace ? UserMode::kAll : UserMode::kNone;
    } else {
      plan_.user = user_ == User::kRoot || host_.uid == 0 ? UserMode::kRoot : UserMode::kSelf;
    }
    plan_.own_processes = Has(Part::kProcesses);
    if (!plan_.own_processes) plan_.user = UserMode::kNone;
    plan_.own_mounts = Has(Part::kMounts);
    plan_.own_proc = plan_.own_mounts && Has(Part::kProc);
    plan_.own_net = net_ == Network::kPrivate && Has(Part::kNetwork);
    plan_.own_sysfs = plan_.own_net && plan_.own_mounts && Has(Part::kSys);
    plan_.low_ports = plan_.own_net && Has(Part::kLowPorts);
    plan_.more_ipv4 = plan_.own_net && host_.has_ipv4;
    plan_.more_ipv6 = plan_.own_net && host_.has_ipv6;
    plan_.pid_max = host_.pid_max;
    plan_.own_ipc = options_.ipc_namespace && Has(Part::kIpc);
    own_host_name_ = options_.uts_namespace && Has(Part::kHostName);
    if (plan_.own_processes) plan_.namespaces |= CLONE_NEWPID;
    if (plan_.own_mounts) plan_.namespaces |= CLONE_NEWNS;
    if (plan_.own_net) plan_.namespaces |= CLONE_NEWNET;
    if (own_host_name_) plan_.namespaces |= CLONE_NEWUTS;
    if (plan_.own_ipc) plan_.namespaces |= CLONE_NEWIPC;
    if (options_.cgroup_namespace && Has(Part::kCgroups)) plan_.namespaces |= CLONE_NEWCGROUP;
    plan_.mqueue = plan_.own_ipc && plan_.own_mounts && IsDirectory("/dev/mqueue") &&
                   Has(Part::kMessageQueues);
  }

  void Names() {
    if (!own_host_name_) return;
    plan_.host_name = options_.host_name;
    if (!plan_.own_mounts || !host_.hosts_exist) return;
    plan_.hosts = host_.hosts;
    if (!plan_.hosts.empty() && plan_.hosts.back() != '\n') plan_.hosts += '\n';
    // What the host's file knows stays as it is: with one address more a name
    // would be tried in another order.
    if (!IsInHosts(host_.hosts, "localhost")) plan_.hosts += "127.0.0.1 localhost\n::1 localhost\n";
    if (!IsInHosts(host_.hosts, plan_.host_name)) {
      plan_.hosts += fmt::format("127.0.0.1 {}\n", plan_.host_name);
    }
  }

  bool Base(std::string* error) {
    const std::string shm = Canonical("/dev/shm");
    if (!shm.empty() && IsDirectory(shm)) {
      plan_.base_path = plan_.shm_path = shm;
    } else if (tmp_ != Tmp::kShared && IsDirectory("/tmp")) {
      plan_.base_path = Canonical("/tmp");
    } else {
      *error =
          "the host has neither /dev/shm nor a /tmp that may be made private, "
          "so there is no place for a cell's private tmpfs";
      return false;
    }
    plan_.base_size_bytes = options_.tmp_size_bytes;
    plan_.shm_size_bytes = options_.shm_size_bytes;
    plan_.base_options = "mode=0755" + SizeOption(options_.tmp_size_bytes);
    if (options_.shm_size_bytes != 0) {
      plan_.shm_options = "mode=1777" + SizeOption(options_.shm_size_bytes);
    }
    return true;
  }

  void PrivateDirectories() {
    if (!plan_.shm_path.empty()) plan_.privates.push_back({plan_.shm_path, "shm"});
    if (tmp_ == Tmp::kShared) return;
    for (const char* path : {"/tmp", "/var/tmp"}) {
      const std::string directory = Canonical(path);
      if (directory.empty() || !IsDirectory(directory) || IsPrivate(directory)) continue;
      // A run that was started in /tmp itself needs what is there.
      if (tmp_ == Tmp::kCopyOnWrite || directory == host_.cwd) {
        if (Has(Part::kCopyOnWrite)) AddOverlay(directory, Step::kOverlay);
      } else {
        plan_.privates.push_back({directory, fmt::format("private{}", plan_.privates.size())});
      }
    }
  }

  void Overlays() {
    const std::string run = Canonical("/run");
    if (!run.empty() && !IsPrivate(run) && Has(Part::kRun)) {
      const bool one_user =
          plan_.user == UserMode::kSelf || plan_.user == UserMode::kRoot || host_.in_user_namespace;
      if (one_user || (plan_.user == UserMode::kAll && HasMountsBelow(host_, run))) {
        plan_.run.path = run;
        plan_.run.source = OpenIndex(run);
        ComposeRun(host_, &plan_);
      } else {
        AddOverlay(run, Step::kRunOverlay);
      }
    }
    for (const std::string& path : options_.copy_on_write) {
      AddOverlay(OnHost(path), Step::kOverlay);
    }
  }

  bool WorkingDirectoryOverlay(std::string* error) {
    if (cwd_ == WorkingDirectory::kShared) return true;
    if (cwd_ == WorkingDirectory::kAuto && IsNamedOtherwise(host_.cwd)) return true;
    if (host_.cwd.empty() || host_.cwd == "/") {
      const std::string reason =
          fmt::format("the working directory {} can't be made private: {}",
                      host_.cwd.empty() ? "(deleted)" : host_.cwd,
                      host_.cwd.empty() ? "it is gone" : "an overlay on / would hide mounts");
      if (cwd_ == WorkingDirectory::kAuto && !defaults_.no_fallback) {
        plan_.cwd_shared = reason;
        return true;
      }
      *error = reason + "; run from another directory, or pass --testcell_cwd=shared";
      return false;
    }
    if (CoveredByOverlay(host_.cwd) || IsPrivate(host_.cwd)) return true;
    if (!Has(Part::kWorkingDirectory)) return true;
    plan_.cwd_may_be_shared = cwd_ == WorkingDirectory::kAuto && !defaults_.no_fallback;
    AddOverlay(host_.cwd, Step::kWorkingDirectoryOverlay);
    return true;
  }

  // What TMPDIR names is a test's own, as /tmp is, unless that would hide from
  // the test what it needs.
  void Temporaries() {
    if (tmp_ == Tmp::kShared) return;
    for (const std::string& path : host_.temporaries) {
      if (path == "/" || IsPrivate(path) || HoldsPrivate(path)) continue;
      if (IsAtOrBelow(host_.cwd, path) || IsAtOrBelow(host_.program, path)) continue;
      if (tmp_ == Tmp::kEmpty) {
        plan_.privates.push_back({path, fmt::format("private{}", plan_.privates.size())});
      } else if (!CoveredByOverlay(path)) {
        AddOverlay(path, Step::kOverlay);
      }
    }
  }

  // What the tests need of the directories that are replaced: the topmost
  // entries that lead to the working directory and to the program, so that a
  // whole checkout below /tmp stays visible.
  void Throughs() {
    std::vector<std::string> needed = host_.visible;
    needed.insert(needed.end(), {host_.cwd, host_.program});
    for (const std::string& path : needed) {
      for (const auto& directory : plan_.privates) {
        if (!IsBelow(path, directory.path)) continue;
        const std::size_t end = path.find('/', directory.path.size() + 1);
        AddThrough(&plan_.throughs, path.substr(0, end), path.substr(0, end), false,
                   Step::kBindThrough);
      }
    }
  }

  // Where the cell would hide them, or keep what is written to them.
  void Outputs() {
    for (const std::string& path : host_.outputs) {
      if (BelowPrivate(path) || CoveredByOverlay(path)) {
        AddThrough(&plan_.binds, path, path, false, Step::kBind);
      }
    }
  }

  void Binds() {
    for (const Bind& bind : options_.binds) {
      AddThrough(&plan_.binds, bind.source, bind.target.empty() ? bind.source : bind.target,
                 bind.read_only, Step::kBind);
    }
    for (const std::string& path : options_.shared) {
      AddThrough(&plan_.binds, OnHost(path), OnHost(path), false, Step::kShared);
    }
    for (const std::string& path : options_.read_only) plan_.read_only.push_back(OnHost(path));
  }

  // What is mounted first is covered by what is mounted above it: so from the
  // root down, and each path is what the option closest to it says.
  void Order() {
    using Kind = Plan::Layer::Kind;
    const auto add = [this](const auto& list, Kind kind) {
      for (std::size_t i = 0; i < list.size(); ++i) plan_.order.push_back({kind, i, list[i].path});
    };
    add(plan_.privates, Kind::kPrivate);
    add(plan_.throughs, Kind::kThrough);
    if (!plan_.run.path.empty()) plan_.order.push_back({Kind::kRun, 0, plan_.run.path});
    add(plan_.overlays, Kind::kOverlay);
    add(plan_.binds, Kind::kBind);
    for (std::size_t i = 0; i < plan_.read_only.size(); ++i) {
      plan_.order.push_back({Kind::kReadOnly, i, plan_.read_only[i]});
    }
    std::stable_sort(plan_.order.begin(), plan_.order.end(),
                     [](const auto& a, const auto& b) { return a.path < b.path; });
  }

  // An overlay shows its lower directory's own file system alone.
  void Submounts() {
    plan_.first_submount = plan_.open_paths.size();
    for (auto& overlay : plan_.overlays) {
      std::string last;
      for (const std::string& point : host_.mount_points) {
        if (!IsBelow(point, overlay.path) || (!last.empty() && IsAtOrBelow(point, last))) continue;
        last = point;
        AddThrough(&overlay.submounts, point, point, false, Step::kSubmount);
      }
    }
  }

  // As the host calls it, if it is there.
  static std::string OnHost(const std::string& path) {
    const std::string canonical = Canonical(path.c_str());
    return canonical.empty() ? path : canonical;
  }

  // Options say what becomes of the working directory.
  bool IsNamedOtherwise(const std::string& cwd) const {
    const auto names = [&cwd](const std::string& path) { return OnHost(path) == cwd; };
    return std::any_of(options_.read_only.begin(), options_.read_only.end(), names) ||
           std::any_of(options_.shared.begin(), options_.shared.end(),
                       [&](const auto& path) { return IsAtOrBelow(cwd, OnHost(path)); });
  }

  void AddOverlay(const std::string& path, Step step) {
    const std::size_t number = plan_.overlays.size();
    plan_.overlays.push_back({path,
                              fmt::format("upper{}", number),
                              fmt::format("work{}", number),
                              OpenIndex(path),
                              step,
                              {}});
  }

  void AddThrough(std::vector<Plan::Through>* list, const std::string& source,
                  const std::string& target, bool read_only, Step step) {
    for (const auto& other : *list) {
      if (other.path == target) return;
    }
    list->push_back({target, OpenIndex(source), IsDirectory(source), read_only, step});
  }

  std::size_t OpenIndex(const std::string& path) {
    const auto at = std::find(plan_.open_paths.begin(), plan_.open_paths.end(), path);
    if (at != plan_.open_paths.end()) {
      return static_cast<std::size_t>(at - plan_.open_paths.begin());
    }
    plan_.open_paths.push_back(path);
    return plan_.open_paths.size() - 1;
  }

  bool IsPrivate(const std::string& path) const {
    return std::any_of(plan_.privates.begin(), plan_.privates.end(),
                       [&](const auto& directory) { return directory.path == path; });
  }

  bool BelowPrivate(const std::string& path) const {
    return std::any_of(plan_.privates.begin(), plan_.privates.end(),
                       [&](const auto& directory) { return IsAtOrBelow(path, directory.path); });
  }

  bool HoldsPrivate(const std::string& path) const {
    return std::any_of(plan_.privates.begin(), plan_.privates.end(),
                       [&](const auto& directory) { return IsBelow(directory.path, path); });
  }

  // By an overlay above it, on the same mount.
  bool CoveredByOverlay(const std::string& path) const {
    for (const auto& overlay : plan_.overlays) {
      if (path == overlay.path) return true;
      if (!IsBelow(path, overlay.path)) continue;
      const bool crossed = std::any_of(
          host_.mount_points.begin(), host_.mount_points.end(), [&](const std::string& point) {
            return IsBelow(point, overlay.path) && IsAtOrBelow(path, point);
          });
      if (!crossed) return true;
    }
    return false;
  }

  const Options& options_;
  const Defaults& defaults_;
  const HostFacts& host_;
  Plan& plan_;
  const Tmp tmp_;
  const WorkingDirectory cwd_;
  const Network net_;
  const User user_;
  bool own_host_name_ = false;
  bool lacking_ = false;  // something that the Options would have
};

}  // namespace

bool MakePlan(const Options& options, const Defaults& defaults, const HostFacts& host, Plan* plan,
              std::string* error) {
  *error = Validate(options);
  if (!error->empty()) return false;
  *plan = Plan();
  return Planner(options, defaults, host, plan).Make(error);
}

}  // namespace testcell::cell
