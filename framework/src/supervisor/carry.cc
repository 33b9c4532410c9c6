#include "supervisor/carry.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "posix/error.h"

namespace testcell::supervisor {
namespace {

// In order, so that runs that carry the same files fail alike.
std::vector<std::string> NamesIn(int directory) {
  std::vector<std::string> names;
  const int own = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(own < 0 ? nullptr : ::fdopendir(own), ::closedir);
  if (!stream) return names;
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string CannotCarry(const std::string& what, int error) {
  return fmt::format("{} can't be carried back: {}", what, posix::ErrnoText(error));
}

// Of the same kind, most likely: a few tell as much as all.
void Shorten(std::vector<std::string>* errors) {
  constexpr std::size_t kShown = 5;
  errors->erase(std::unique(errors->begin(), errors->end()), errors->end());
  if (errors->size() <= kShown) return;
  const std::size_t more = errors->size() - kShown;
  errors->resize(kShown);
  errors->push_back(fmt::format("so it is with {} more", more));
}

// One copy-on-write directory of one test.
class Walk {
 public:
  Walk(const std::string& test, const cell::Plan& plan, const cell::Plan::CarryPlace& place,
       Staging* staging, Carried* carried)
      : test_(test), plan_(plan), place_(place), staging_(*staging), carried_(*carried) {}

  void Run(int base) {
    const posix::UniqueFd upper(
        ::openat(base, place_.upper.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (upper) {
      Descend(upper.get(), "", false);
    } else {
      carried_.errors.push_back(CannotCarry(place_.path, errno));
    }
  }

 private:
  void Descend(int upper, const std::string& prefix, bool taken) {
    for (const std::string& name : NamesIn(upper)) {
      CellFile file{upper, name, {}};
      if (::fstatat(upper, name.c_str(), &file.status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const std::string path = prefix + name;
      const bool take = taken || Wanted(path);
      const mode_t mode = file.status.st_mode;
      if (take && (S_ISDIR(mode) || S_ISREG(mode) || S_ISLNK(mode))) Take(file, path);
      if (!S_ISDIR(mode)) continue;
      const posix::UniqueFd below = OpenCellFile(file);
      above_.emplace_back(file, path);
      if (below) Descend(below.get(), path + "/", take);
      above_.pop_back();
    }
  }

  bool Wanted(const std::string& path) const {
    const std::string whole = place_.path + "/" + path;
    const std::string& cwd = plan_.cwd;
    const bool in_cwd = whole.size() > cwd.size() && whole[cwd.size()] == '/' &&
                        whole.compare(0, cwd.size(), cwd) == 0;
    return std::any_of(plan_.carry.begin(), plan_.carry.end(), [&](const auto& pattern) {
      if (pattern.absolute()) return pattern.Matches(std::string_view(whole).substr(1));
      if (place_.named && pattern.Matches(path)) return true;
      return in_cwd && pattern.Matches(std::string_view(whole).substr(cwd.size() + 1));
    });
  }

  void Take(const CellFile& file, const std::string& path) {
    for (const auto& [directory, directory_path] : above_) {
      if (!Put(directory, directory_path)) return;
    }
    Put(file, path);
  }

  bool Put(const CellFile& file, const std::string& below) {
    const HostPath path{place_.path, below};
    const std::string* const owner = staging_.Owner(path);
    if (owner != nullptr && (*owner != test_ || S_ISDIR(file.status.st_mode))) {
      if (staging_.Same(file, path)) return Told(path);
      carried_.errors.push_back(fmt::format("{} was already carried back by {} with other content",
                                            Spoken(path), *owner));
      return false;
    }
    const int error = staging_.Put(file, path, test_);
    if (error == 0) return Told(path);
    carried_.errors.push_back(CannotCarry(Spoken(path), error));
    return false;
  }

  bool Told(const HostPath& path) {
    if (told_.insert(path.below).second) carried_.paths.push_back(path.whole());
    return true;
  }

  // As the test would call it.
  std::string Spoken(const HostPath& path) const {
    const std::string whole = path.whole();
    const std::string below = plan_.cwd + "/";
    return whole.compare(0, below.size(), below) == 0 ? whole.substr(below.size()) : whole;
  }

  const std::string& test_;
  const cell::Plan& plan_;
  const cell::Plan::CarryPlace& place_;
  Staging& staging_;
  Carried& carried_;
  std::vector<std::pair<CellFile, std::string>> above_;  // the directories on the way down
  std::set<std::string> told_;
};

}  // namespace

Carried Carry::Take(const std::string& test, const cell::Plan& plan, bool working_directory_shared,
                    int base) {
  Carried carried;
  for (const auto& place : plan.carry_places) {
    if (place.working_directory && working_directory_shared) continue;
    Walk(test, plan, place, &staging_, &carried).Run(base);
  }
  Shorten(&carried.errors);
  return carried;
}

std::vector<std::string> Carry::Place() {
  std::vector<std::string> errors;
  for (const Staging::Failure& failure : staging_.Place()) {
    errors.push_back(CannotCarry(failure.path.whole(), failure.error));
  }
  Shorten(&errors);
  return errors;
}

}  // namespace testcell::supervisor
