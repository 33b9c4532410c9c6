#include "cell/space.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "protocol/control.h"

namespace testcell::cell {
namespace {

void Note(const char* path, Space::Place* place) {
  struct stat status;
  if (place->path != nullptr || ::stat(path, &status) != 0) return;
  *place = {path, status.st_dev};
}

bool IsFull(const Space::Place& place) {
  struct stat status;
  struct statfs space;
  if (place.path == nullptr || ::stat(place.path, &status) != 0 || status.st_dev != place.device ||
      ::statfs(place.path, &space) != 0) {
    return false;
  }
  // A tmpfs without a limit has no blocks, and no files, at all.
  return (space.f_blocks > 0 && space.f_bfree == 0) || (space.f_files > 0 && space.f_ffree == 0);
}

std::string SizeText(std::uint64_t bytes) {
  if (bytes == 0) return "half of the memory, as no size was given";
  if (bytes % (1 << 20) == 0) return fmt::format("{} MiB", bytes >> 20);
  if (bytes % (1 << 10) == 0) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} bytes", bytes);
}

}  // namespace

Space FindSpace(const Plan& plan) {
  Space space;
  for (const auto& directory : plan.privates) {
    const bool own = directory.path == plan.shm_path && !plan.shm_options.empty();
    Note(directory.path.c_str(), own ? &space.shm : &space.base);
  }
  // An overlay tells of the file system that holds its upper layer.
  for (const auto& overlay : plan.overlays) Note(overlay.path.c_str(), &space.base);
  return space;
}

std::uint32_t FullSpace(const Space& space) {
  std::uint32_t full = 0;
  if (IsFull(space.base)) full |= protocol::kBaseFull;
  if (IsFull(space.shm)) full |= protocol::kShmFull;
  return full;
}

std::string DescribeFull(const Plan& plan, std::uint32_t full) {
  if ((full & protocol::kBaseFull) != 0) {
    std::string places;
    for (const auto& directory : plan.privates) {
      if (directory.path == plan.shm_path && !plan.shm_options.empty()) continue;
      places += directory.path + ", ";
    }
    return fmt::format(
        "the cell's private file system, for {}copy-on-write directories, is full ({}); raise "
        "Options::tmp_size_bytes",
        places.empty() ? "" : places + "and ", SizeText(plan.base_size_bytes));
  }
  if ((full & protocol::kShmFull) != 0) {
    return fmt::format(
        "the cell's private file system on {} is full ({}); raise Options::shm_size_bytes",
        plan.shm_path, SizeText(plan.shm_size_bytes));
  }
  return std::string();
}

}  // namespace testcell::cell
