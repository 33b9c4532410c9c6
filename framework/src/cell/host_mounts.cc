#include "cell/host_mounts.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <sstream>

#include "cell/below.h"

namespace testcell::cell {
namespace {

// mountinfo writes space, tab, newline and backslash as \ooo (proc(5)).
std::string Unescape(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain.push_back(static_cast<char>(std::strtol(text.substr(i + 1, 3).c_str(), nullptr, 8)));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

bool Contains(const std::vector<const char*>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool IsWatched(const HostMount& mount) {
  static const std::vector<const char*> kLocal = {
      "bcachefs", "btrfs",   "exfat", "ext2",     "ext3",  "ext4",  "f2fs", "jfs", "nilfs2",
      "ntfs3",    "overlay", "ramfs", "reiserfs", "tmpfs", "ubifs", "vfat", "xfs", "zfs"};
  if (!mount.writable || !Contains(kLocal, mount.type)) return false;
  for (const char* place : {"/dev", "/proc", "/run", "/sys"}) {
    if (IsAtOrBelow(mount.point, place)) return false;
  }
  return true;
}

}  // namespace

// "36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
std::vector<HostMount> ReadMounts(std::istream& mountinfo) {
  std::vector<HostMount> mounts;
  for (std::string line; std::getline(mountinfo, line);) {
    std::istringstream words(line);
    const std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (dash - fields.begin() < 6) continue;
    HostMount mount;
    mount.device = fields[2];
    mount.root = Unescape(fields[3]);
    mount.point = Unescape(fields[4]);
    if (fields.end() - dash > 1) mount.type = dash[1];
    const std::string super = fields.end() - dash > 3 ? dash[3] : "";
    mount.writable = fields[5].compare(0, 2, "rw") == 0 && super.compare(0, 2, "rw") == 0;
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::vector<std::string> MountPoints(const std::vector<HostMount>& mounts) {
  std::vector<std::string> points;
  points.reserve(mounts.size());
  for (const HostMount& mount : mounts) points.push_back(mount.point);
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

probe::HostFileSystems WatchedFileSystems(const std::vector<HostMount>& mounts) {
  std::map<std::string, std::vector<const HostMount*>> devices;
  for (const HostMount& mount : mounts) {
    if (IsWatched(mount)) devices[mount.device].push_back(&mount);
  }
  probe::HostFileSystems systems;
  for (auto& [device, list] : devices) {
    // From a mount of the whole every name can be found.
    std::stable_sort(list.begin(), list.end(), [](const HostMount* one, const HostMount* other) {
      return one->root.size() < other->root.size();
    });
    probe::HostFileSystem system;
    for (const HostMount* mount : list) system.mounts.push_back(mount->point);
    const std::string& type = list.front()->type;
    system.may_be_opened = type == "overlay" || type == "btrfs";
    systems.push_back(std::move(system));
  }
  return systems;
}

}  // namespace testcell::cell
