#include "posix/made_up.h"
#include "probe/probes.h"

namespace testcell::probe {

bool LooksRandom(std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (posix::FindMadeUp(path.substr(0, slash)).size > 0) return true;
    if (slash == path.npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace testcell::probe
