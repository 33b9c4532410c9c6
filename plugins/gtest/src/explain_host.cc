// What a test needs of the host that cells hide: which part, and what in it.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <utility>

#include "explain.h"
#include "minimise.h"

namespace testcell {
namespace internal {
namespace {

constexpr int kStatusHidden = 0;
// A cell has room for some more, which other paths take.
constexpr std::size_t kMostBinds = 64;

// Copies where there can be one: the host is not changed by these.
const HostPart kHostTmp = {
    "the host's /tmp", "--testcell_tmp=cow lets all tests see what the host has in /tmp",
    [](Experiment* experiment) { experiment->options.tmp = Tmp::kCopyOnWrite; }, false};
const HostPart kHostNetwork = {
    "the host's network", "--testcell_net=host gives all tests the host's network",
    [](Experiment* experiment) { experiment->options.net = Network::kHost; }, false};
const HostPart kHostShm = {
    "the host's /dev/shm", "Options::copy_on_write with /dev/shm lets a suite see the host's",
    [](Experiment* experiment) { experiment->options.copy_on_write.push_back("/dev/shm"); }, false};
const HostPart kHostIpc = {
    "the host's IPC", "Options::ipc_namespace = false gives a suite the host's",
    [](Experiment* experiment) { experiment->options.ipc_namespace = false; }, false};
const HostPart kHostName = {
    "the host's name", "Options::uts_namespace = false gives a suite the host's",
    [](Experiment* experiment) { experiment->options.uts_namespace = false; }, false};
const HostPart kProgramListeners = {
    "the program's listeners",
    "--testcell_listeners=both, or testcell::AddCellListener, has them in the cells, too",
    [](Experiment* experiment) { experiment->listeners = true; }, false};
// The host's own directories.
const HostPart kSharedTmp = {"a shared /tmp", "--testcell_tmp=shared leaves /tmp the host's",
                             [](Experiment* experiment) { experiment->options.tmp = Tmp::kShared; },
                             true};
const HostPart kSharedDirectory = {
    "a shared working directory", "--testcell_cwd=shared leaves the working directory the host's",
    [](Experiment* experiment) { experiment->options.cwd = WorkingDirectory::kShared; }, true};
const HostPart kSharedRun = {
    "a shared /run", "Options::shared with /run leaves it the host's",
    [](Experiment* experiment) { experiment->options.shared.push_back("/run"); }, true};

const HostPart* const kHostParts[] = {&kHostTmp,   &kHostNetwork,     &kHostShm,
                                      &kHostIpc,   &kHostName,        &kProgramListeners,
                                      &kSharedTmp, &kSharedDirectory, &kSharedRun};

bool HasHost(const HostPart& part, const Options& options, const Flags& flags) {
  const Tmp tmp = options.tmp.value_or(flags.tmp);
  if (&part == &kHostTmp) return tmp != Tmp::kEmpty;
  if (&part == &kSharedTmp) return tmp == Tmp::kShared;
  if (&part == &kHostNetwork) return options.net.value_or(flags.net) == Network::kHost;
  if (&part == &kHostIpc) return !options.ipc_namespace;
  if (&part == &kHostName) return !options.uts_namespace;
  if (&part == &kProgramListeners) return flags.listeners != Listeners::kParent;
  if (&part == &kSharedDirectory) {
    return options.cwd.value_or(flags.cwd) == WorkingDirectory::kShared;
  }
  return false;
}

bool Has(const std::vector<const HostPart*>& parts, const HostPart& part) {
  return std::find(parts.begin(), parts.end(), &part) != parts.end();
}

// Full paths, of what can be bound.
std::vector<std::string> EntriesBelow(const std::string& directory) {
  std::vector<std::string> paths;
  DIR* const stream = ::opendir(directory.c_str());
  if (stream == nullptr) return paths;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string path = directory + "/" + name;
    const int fd = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (fd < 0) continue;
    ::close(fd);
    paths.push_back(path);
  }
  ::closedir(stream);
  std::sort(paths.begin(), paths.end());
  return paths;
}

// What cells have empty in their place.
std::vector<std::string> TemporaryPaths() {
  std::vector<std::string> directories;
  std::vector<std::string> paths;
  const char* const names[] = {"/tmp", "/var/tmp", std::getenv("TMPDIR"),
                               std::getenv("TEST_TMPDIR")};
  for (const char* name : names) {
    char canonical[PATH_MAX];
    if (name == nullptr || ::realpath(name, canonical) == nullptr) continue;
    if (std::find(directories.begin(), directories.end(), canonical) != directories.end()) continue;
    directories.push_back(canonical);
    for (std::string& path : EntriesBelow(canonical)) paths.push_back(std::move(path));
  }
  return paths;
}

std::string PathList(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool HostPassed(const Observation& seen) { return seen.verdict == Verdict::kPassed; }

}  // namespace

std::vector<const HostPart*> Explainer::HiddenParts(bool changes_host) const {
  std::vector<const HostPart*> parts;
  for (const HostPart* part : kHostParts) {
    if (part->changes_host && !changes_host) continue;
    if (!HasHost(*part, options_, setup_.flags)) parts.push_back(part);
  }
  return parts;
}

// Alone with copies of what the host has, then after all tests, and only then with
// the host's own directories.
int Explainer::TryHost(const Observation& alone) {
  std::vector<Condition> conditions = {{{}, HiddenParts(false)}};
  if (!before_.empty()) conditions.push_back({before_, HiddenParts(false)});
  conditions.push_back({{}, HiddenParts(true)});
  for (const Condition& condition : conditions) {
    const Observation seen = Try(condition);
    if (laboratory_.interrupted() != 0) return kStatusHidden;
    if (!HostPassed(seen)) continue;
    return SayHidden(condition, alone);
  }
  return SayNeverPasses(alone);
}

int Explainer::SayHidden(const Condition& condition, const Observation& alone) {
  const Condition minimal = Minimal(condition, HostPassed);
  if (!Confirm(minimal, HostPassed)) return SayFlaky(Describe(minimal));
  const std::vector<std::string> paths = NarrowPaths(minimal);
  const std::vector<Connection> connections = FindConnections(minimal);
  if (laboratory_.interrupted() != 0) return kStatusHidden;
  std::string what;
  for (const HostPart* part : minimal.parts) {
    what += (what.empty() ? "" : ", and ") + std::string(part->name);
    if (part == &kHostTmp && !paths.empty()) what += " (" + PathList(paths) + ")";
  }
  const std::string first =
      minimal.before.empty() ? "" : Names(minimal.before) + " to run before it, and ";
  report_.Say(tests_[subject_].name() + " needs " + first + "what cells hide: " + what +
              CountRuns());
  SayServices(connections);
  report_.Quote("Alone in a cell:", alone);
  for (const HostPart* part : minimal.parts) {
    report_.Add(part->advice + std::string(part->changes_host
                                               ? ", and the runs above may have changed it."
                                               : "."));
  }
  if (!paths.empty()) {
    report_.Add("Options::binds gives a suite that path alone. Better the test makes it itself.");
  }
  if (!connections.empty()) {
    report_.Add("Better the test starts what it connects to itself: testcell::Server.");
  }
  return kStatusHidden;
}

void Explainer::SayServices(const std::vector<Connection>& connections) {
  std::vector<std::string> served;
  std::vector<std::string> others;
  for (const Connection& connection : connections) {
    const std::string name = std::string(Name(connection.kind)) + " " + connection.name;
    (IsServed(connection) ? served : others).push_back(name);
  }
  if (!served.empty()) report_.Add("It connects to a service of the host: " + PathList(served));
  if (served.empty() && !others.empty()) {
    report_.Add("It connects to " + PathList(others) + ", where nobody on this host waits");
  }
}

std::vector<Connection> Explainer::FindConnections(const Condition& minimal) {
  if (!Has(minimal.parts, kHostNetwork)) return {};
  Experiment experiment = Make(minimal);
  experiment.connections = true;
  return Try(experiment, Describe(minimal) + ", its connections watched").connections;
}

// In an empty /tmp, read-only: the host is not changed by it. Somebody else's files
// may go meanwhile, and can't be bound then.
bool Explainer::PassesWithPaths(const Condition& minimal, const std::vector<std::string>& paths) {
  const auto gone = [](const std::string& path) { return ::access(path.c_str(), F_OK) != 0; };
  std::vector<std::string> left = paths;
  for (;;) {
    left.erase(std::remove_if(left.begin(), left.end(), gone), left.end());
    if (left.empty()) return false;
    Experiment experiment = Make(minimal);
    experiment.options.tmp = Tmp::kEmpty;
    for (const std::string& path : left) experiment.options.binds.push_back({path, "", true});
    const std::string what = left.size() > 3 ? std::to_string(left.size()) + " paths, " +
                                                   left.front() + " to " + left.back()
                                             : PathList(left);
    const Observation seen = Try(experiment, "with " + what);
    if (seen.verdict != Verdict::kNoCell || std::none_of(left.begin(), left.end(), gone)) {
      return HostPassed(seen);
    }
  }
}

// To the entries of /tmp that are needed, or what is below them. Empty: it can't
// be told, as of what the test writes to.
std::vector<std::string> Explainer::NarrowPaths(const Condition& minimal) {
  if (!Has(minimal.parts, kHostTmp)) return {};
  const auto passes = [&](const std::vector<std::string>& paths) {
    return PassesWithPaths(minimal, paths);
  };
  const std::vector<std::string> all = TemporaryPaths();
  std::vector<std::string> found;
  for (std::size_t begin = 0; begin < all.size() && found.empty(); begin += kMostBinds) {
    const std::size_t end = std::min(begin + kMostBinds, all.size());
    std::vector<std::string> some(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                  all.begin() + static_cast<std::ptrdiff_t>(end));
    if (passes(some)) found = Minimise(std::move(some), passes);
  }
  constexpr int kDeepest = 8;
  for (int depth = 1; found.size() == 1 && depth < kDeepest; ++depth) {
    std::vector<std::string> below = EntriesBelow(found.front());
    if (below.empty() || below.size() > kMostBinds || !passes(below)) break;
    found = Minimise(std::move(below), passes);
  }
  return found;
}

}  // namespace internal
}  // namespace testcell
