#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cell/below.h"
#include "cell/insides.h"
#include "cell/path.h"

namespace testcell::cell {
namespace {

constexpr unsigned long kQuiet = MS_NOSUID | MS_NODEV;

using Path = FixedText<PATH_MAX>;
using MountOptions = FixedText<1024>;

// The mounts of one cell in the making.
class Mounts {
 public:
  explicit Mounts(const Context& context) : context_(context), plan_(*context.plan) {}

  posix::UniqueFd Make() {
    Detach();
    OpenHostPaths();
    if (plan_.own_proc) MountProc();
    MountBase();
    for (const auto& layer : plan_.order) MakeLayer(layer);
    if (plan_.own_sysfs) MountSysfs();
    if (!plan_.hosts.empty()) BindHosts();
    if (plan_.mqueue) MountMqueue();
    CloseHostPaths();
    return posix::UniqueFd(base_);
  }

 private:
  [[noreturn]] void FailStep(Step step, const char* detail) { Fail(context_, step, errno, detail); }

  // Nothing that is mounted here reaches the host, nor the reverse.
  void Detach() {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      FailStep(Step::kPrivateMounts, "/");
    }
  }

  // Before anything is covered.
  void OpenHostPaths() {
    for (std::size_t i = 0; i < plan_.open_paths.size(); ++i) {
      const char* path = plan_.open_paths[i].c_str();
      fds_[i] = ::open(path, O_PATH | O_CLOEXEC);
      const bool gone = errno == ENOENT || errno == EACCES || errno == ENOTDIR;
      if (fds_[i] < 0 && !(gone && i >= plan_.first_submount)) FailStep(Step::kOpenPath, path);
    }
  }

  void CloseHostPaths() {
    if (context_.probes != nullptr) {
      KeepForProbes(context_.probes->place_fds());
      return;
    }
    for (std::size_t i = 0; i < plan_.open_paths.size(); ++i) Close(fds_[i]);
  }

  static void Close(int fd) {
    if (fd >= 0) ::close(fd);
  }

  // What a test may mount over, or unmount.
  void KeepForProbes(probe::PlaceFds* keep) {
    for (std::size_t i = 0; i < plan_.open_paths.size(); ++i) {
      if (plan_.places.lowers[i]) {
        keep->host_paths[i] = fds_[i];
      } else {
        Close(fds_[i]);
      }
    }
    constexpr int kFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;
    keep->shm = plan_.shm_options.empty() ? -1 : ::open(plan_.shm_path.c_str(), kFlags);
    keep->mqueue = plan_.mqueue ? ::open("/dev/mqueue", kFlags) : -1;
    keep->proc = ::open("/proc", kFlags);
    keep->working_directory_shared = context_.share_working_directory;
  }

  void MountProc() {
    if (::mount("proc", "/proc", "proc", kQuiet | MS_NOEXEC, nullptr) != 0) {
      FailStep(Step::kProc, "/proc");
    }
  }

  void MountBase() {
    const char* path = plan_.base_path.c_str();
    if (::mount("tmpfs", path, "tmpfs", quiet_, plan_.base_options.c_str()) != 0) {
      FailStep(Step::kBaseTmpfs, path);
    }
    base_ = ::open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (base_ < 0) FailStep(Step::kBaseTmpfs, path);
  }

  Path InBase(const char* name) {
    Path path;
    path.Add(FdPath(base_).c_str()).Add("/").Add(name);
    return path;
  }

  void MakeInBase(const char* name, mode_t mode, Step step) {
    if (::mkdirat(base_, name, mode) != 0) FailStep(step, name);
  }

  void MakeLayer(const Plan::Layer& layer) {
    using Kind = Plan::Layer::Kind;
    switch (layer.kind) {
      case Kind::kPrivate:
        return BindPrivate(plan_.privates[layer.index]);
      case Kind::kThrough:
        return BindThrough(plan_.throughs[layer.index]);
      case Kind::kRun:
        return ComposeRun();
      case Kind::kOverlay:
        return MountOverlay(plan_.overlays[layer.index]);
      case Kind::kBind:
        return BindThrough(plan_.binds[layer.index]);
      case Kind::kReadOnly:
        return MakeReadOnly(plan_.read_only[layer.index].c_str());
    }
  }

  // The one that holds the base hides it.
  void BindPrivate(const Plan::PrivateDirectory& directory) {
    const char* path = directory.path.c_str();
    MakeTarget(directory.path, true, Step::kPrivateDirectory);
    if (directory.path == plan_.shm_path && !plan_.shm_options.empty()) {
      if (::mount("tmpfs", path, "tmpfs", quiet_, plan_.shm_options.c_str()) != 0) {
        FailStep(Step::kShm, path);
      }
      return;
    }
    MakeInBase(directory.name.c_str(), 01777, Step::kPrivateDirectory);
    if (::mount(InBase(directory.name.c_str()).c_str(), path, nullptr, MS_BIND, nullptr) != 0) {
      FailStep(Step::kPrivateDirectory, path);
    }
  }

  // A target may be missing in a private directory alone: elsewhere to make
  // one would be a change of the host.
  void MakeTarget(const std::string& target, bool directory, Step step) {
    Path path;
    path.Add(target.c_str());
    if (path.overflowed()) {
      errno = ENAMETOOLONG;
      FailStep(step, target.c_str());
    }
    if (::access(path.c_str(), F_OK) == 0 || !IsPrivate(target)) return;
    for (char* slash = ::strchr(path.data() + 1, '/'); slash != nullptr;
         slash = ::strchr(slash + 1, '/')) {
      *slash = '\0';
      if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
        FailStep(step, target.c_str());
      }
      *slash = '/';
    }
    int result;
    if (directory) {
      result = ::mkdir(path.c_str(), 0755);
      if (result != 0 && errno == EEXIST) result = 0;
    } else {
      result = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
      if (result >= 0) ::close(result);
    }
    if (result < 0) FailStep(step, target.c_str());
  }

  bool IsPrivate(const std::string& path) const {
    for (const auto& directory : plan_.privates) {
      if (IsBelow(path, directory.path)) return true;
    }
    for (const auto& overlay : plan_.overlays) {
      if (IsBelow(path, overlay.path)) return true;
    }
    return false;
  }

  void BindThrough(const Plan::Through& through) {
    const char* path = through.path.c_str();
    MakeTarget(through.path, through.directory, through.step);
    if (::mount(FdPath(fds_[through.source]).c_str(), path, nullptr, MS_BIND | MS_REC, nullptr) !=
        0) {
      FailStep(through.step, path);
    }
    if (through.read_only) SetReadOnly(path);
  }

  void MakeReadOnly(const char* path) {
    if (::mount(path, path, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
      FailStep(Step::kReadOnly, path);
    }
    SetReadOnly(path);
  }

  // mount_setattr(2), Linux 5.12: all mounts below at once, and only that flag.
  void SetReadOnly(const char* path) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    if (::syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attributes,
                  sizeof attributes) != 0) {
      FailStep(Step::kReadOnly, path);
    }
  }

  void MountOverlay(const Plan::Overlay& overlay) {
    const bool working_directory = overlay.step == Step::kWorkingDirectoryOverlay;
    if (working_directory && context_.share_working_directory) return;
    const char* path = overlay.path.c_str();
    MakeInBase(overlay.upper.c_str(), UpperMode(overlay), overlay.step);
    MakeInBase(overlay.work.c_str(), 0700, overlay.step);
    if (!OverlayOver(path, FdPath(fds_[overlay.lower]).c_str(), overlay.upper.c_str(),
                     overlay.work.c_str())) {
      FailStep(overlay.step, path);
    }
    for (const auto& submount : overlay.submounts) {
      if (fds_[submount.source] >= 0) BindThrough(submount);
    }
  }

  bool OverlayOver(const char* path, const char* lower, const char* upper, const char* work) {
    MountOptions options;
    options.Add("lowerdir=").Add(lower);
    options.Add(",upperdir=").Add(FdPath(base_).c_str()).Add("/").Add(upper);
    options.Add(",workdir=").Add(FdPath(base_).c_str()).Add("/").Add(work);
    // Changed files are whole in the upper directory, whatever the host's
    // default: they are carried back from there. With userxattr they always are.
    options.Add(plan_.user == UserMode::kNone ? ",metacopy=off" : ",userxattr");
    if (options.overflowed()) {
      errno = ENAMETOOLONG;
      return false;
    }
    return ::mount("overlay", path, "overlay", quiet_, options.c_str()) == 0;
  }

  void ComposeRun() {
    const char* path = plan_.run.path.c_str();
    MakeInBase("run", 0755, Step::kRunOverlay);
    if (::mount(InBase("run").c_str(), path, nullptr, MS_BIND, nullptr) != 0) {
      FailStep(Step::kRunOverlay, path);
    }
    for (const auto& entry : plan_.run.entries) {
      if (!ComposeEntry(entry)) FailStep(Step::kRunOverlay, entry.name.c_str());
    }
  }

  // An entry that has gone from the host since the plan was made is left out.
  bool ComposeEntry(const Plan::Entry& entry) {
    using Kind = Plan::Entry::Kind;
    Path target;
    target.Add(plan_.run.path.c_str()).Add("/").Add(entry.name.c_str());
    if (entry.kind == Kind::kSymlink) return ::symlink(entry.text.c_str(), target.c_str()) == 0;
    Path source;
    source.Add(FdPath(fds_[plan_.run.source]).c_str()).Add("/").Add(entry.name.c_str());
    if (::access(source.c_str(), F_OK) != 0) return errno == ENOENT || errno == ENOTDIR;
    if (entry.directory) {
      if (::mkdir(target.c_str(), entry.mode) != 0) return false;
    } else {
      const int fd = ::open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
      if (fd < 0) return false;
      ::close(fd);
    }
    if (entry.kind == Kind::kDirectory) return true;
    if (entry.kind == Kind::kBind) {
      return ::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0;
    }
    FixedText<32> upper;
    FixedText<32> work;
    upper.Add("upper-").Add(entry.text.c_str());
    work.Add("work-").Add(entry.text.c_str());
    MakeInBase(upper.c_str(), entry.mode, Step::kRunOverlay);
    MakeInBase(work.c_str(), 0700, Step::kRunOverlay);
    return OverlayOver(target.c_str(), source.c_str(), upper.c_str(), work.c_str());
  }

  // An overlay's root has the mode of its upper directory.
  mode_t UpperMode(const Plan::Overlay& overlay) {
    struct stat status;
    if (::fstat(fds_[overlay.lower], &status) != 0) FailStep(overlay.step, overlay.path.c_str());
    return status.st_mode & 07777;
  }

  // A fresh sysfs shows the interfaces of this network namespace. Only its
  // two directories of interfaces are put in place, so that everything that
  // the host has mounted below /sys stays where it is.
  void MountSysfs() {
    struct Part {
      const char* name;
      const char* target;
    };
    static constexpr Part kParts[] = {{"sys/class/net", "/sys/class/net"},
                                      {"sys/devices/virtual/net", "/sys/devices/virtual/net"}};
    if (::access(kParts[0].target, F_OK) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return;  // a host without sysfs
      FailStep(Step::kSysfs, kParts[0].target);
    }
    MakeInBase("sys", 0700, Step::kSysfs);
    const unsigned long flags = kQuiet | MS_NOEXEC | (plan_.reuse ? MS_RDONLY : 0);
    const Path place = InBase("sys");
    // In a user namespace none may be written to that is not where the host's may be,
    // which in a container is read-only.
    if (::mount("sysfs", place.c_str(), "sysfs", flags, nullptr) != 0 &&
        (errno != EPERM ||
         ::mount("sysfs", place.c_str(), "sysfs", flags | MS_RDONLY, nullptr) != 0)) {
      FailStep(Step::kSysfs, "/sys/class/net");
    }
    for (const Part& part : kParts) {
      if (::mount(InBase(part.name).c_str(), part.target, nullptr, MS_BIND, nullptr) != 0) {
        FailStep(Step::kSysfs, part.target);
      }
    }
  }

  void BindHosts() {
    const int fd = ::openat(base_, "hosts", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    const ssize_t size = static_cast<ssize_t>(plan_.hosts.size());
    if (fd < 0 || ::write(fd, plan_.hosts.data(), plan_.hosts.size()) != size) {
      FailStep(Step::kHosts, "/etc/hosts");
    }
    ::close(fd);
    if (::mount(InBase("hosts").c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr) != 0) {
      FailStep(Step::kHosts, "/etc/hosts");
    }
  }

  void MountMqueue() {
    if (::mount("mqueue", "/dev/mqueue", "mqueue", quiet_ | MS_NOEXEC, nullptr) != 0) {
      FailStep(Step::kMqueue, "/dev/mqueue");
    }
  }

  const Context& context_;
  const Plan& plan_;
  // To have read a file of a cell that serves others is no trace. The kernel's own file
  // systems are mounted as the host's are, or refused.
  const unsigned long quiet_ = kQuiet | (plan_.reuse ? MS_NOATIME : 0);
  int fds_[kMaxPaths];
  int base_ = -1;
};

}  // namespace

posix::UniqueFd MakeMounts(const Context& context) { return Mounts(context).Make(); }

}  // namespace testcell::cell
