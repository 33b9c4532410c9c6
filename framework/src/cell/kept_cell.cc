#include "testcell/internal/kept_cell.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <grp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "cell/user.h"
#include "posix/error.h"
#include "posix/unique_fd.h"

namespace testcell::internal {
namespace {

namespace fs = std::filesystem;

// What /proc/PID/status says of a process.
struct Status {
  std::string name;
  char state = 'Z';
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<int> pids;  // from our namespace inwards
};

bool ReadStatus(int id, Status* status) {
  std::ifstream file(fmt::format("/proc/{}/status", id));
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key == "Name:") words >> status->name;
    if (key == "State:") words >> status->state;
    if (key == "Uid:") words >> status->uid;
    if (key == "Gid:") words >> status->gid;
    if (key != "NSpid:") continue;
    for (int pid = 0; words >> pid;) status->pids.push_back(pid);
  }
  // Of a zombie nothing can be entered any more.
  return status->state != 'Z' && status->state != 'X' && !status->pids.empty();
}

bool IsKept(const Status& status) {
  return status.name == kKeptCellName && status.pids.size() > 1 && status.pids.back() == 1;
}

std::string KeptNow() {
  const std::vector<int> cells = KeptCells();
  if (cells.empty()) {
    return "no cell is kept now; a run with --testcell_keep=failed keeps those of failed tests "
           "until it is ended";
  }
  return fmt::format("kept {} {}", cells.size() == 1 ? "is" : "are", fmt::join(cells, ", "));
}

struct Space {
  const char* name;
  int flag;
};
constexpr Space kSpaces[] = {{"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},  {"net", CLONE_NEWNET},
                             {"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS}, {"pid", CLONE_NEWPID}};

// Those that are not ours already; -1 and errno where that can't be seen.
int OtherSpaces(int id) {
  int flags = 0;
  for (const Space& space : kSpaces) {
    std::error_code error;
    const auto theirs = fs::read_symlink(fmt::format("/proc/{}/ns/{}", id, space.name), error);
    if (error) {
      errno = error.value();
      return -1;
    }
    const auto ours = fs::read_symlink(fmt::format("/proc/self/ns/{}", space.name), error);
    if (theirs != ours) flags |= space.flag;
  }
  return flags;
}

// Whom the cell's user namespace belongs to has all capabilities in it; for
// others, root too, their ids stand for nobody.
bool BecomeOwner(const Status& status) {
  if (::geteuid() == status.uid) return true;
  return ::setgroups(0, nullptr) == 0 && ::setresgid(status.gid, status.gid, status.gid) == 0 &&
         ::setresuid(status.uid, status.uid, status.uid) == 0;
}

std::string Gone(int id) {
  return fmt::format("there is no kept cell {}: it has ended, or never was; {}", id, KeptNow());
}

std::string Refused(int id, const Status& status) {
  const int error = errno;
  if (error == ENOENT || error == ESRCH) return Gone(id);
  if ((error == EPERM || error == EACCES) && ::geteuid() != status.uid && ::geteuid() != 0) {
    return fmt::format("cell {} is of user {}: enter it as that user, or as root", id, status.uid);
  }
  return fmt::format("cell {} can't be entered: {}", id, posix::ErrnoText(error));
}

}  // namespace

std::vector<int> KeptCells() {
  std::vector<int> ids;
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const std::string name = process.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const int id = std::stoi(name);
    if (IsKeptCell(id)) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

bool IsKeptCell(int id) {
  Status status;
  return ReadStatus(id, &status) && IsKept(status);
}

std::string EnterKeptCell(int id) {
  // The number is its own for as long as it lives, which setns(2) sees to.
  const posix::UniqueFd init(static_cast<int>(::syscall(SYS_pidfd_open, id, 0)));
  Status status;
  if (!init || !ReadStatus(id, &status)) return Gone(id);
  if (!IsKept(status)) {
    return fmt::format("process {} ({}) is no kept cell; {}", id, status.name, KeptNow());
  }
  const int spaces = OtherSpaces(id);
  if (spaces < 0) return Refused(id, status);
  const bool own_user = (spaces & CLONE_NEWUSER) != 0;
  if (own_user && !BecomeOwner(status)) return Refused(id, status);
  const posix::UniqueFd directory(
      ::open(fmt::format("/proc/{}/cwd", id).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (::setns(init.get(), spaces) != 0) return Refused(id, status);
  if (directory && ::fchdir(directory.get()) != 0) return Refused(id, status);
  if (own_user && ::geteuid() != 0 && !cell::KeepCapabilities()) return Refused(id, status);
  return {};
}

}  // namespace testcell::internal
