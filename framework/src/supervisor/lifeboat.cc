#include "supervisor/lifeboat.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "posix/error.h"

namespace testcell::supervisor {

LifeboatMapping::LifeboatMapping() {
  void* memory = ::mmap(nullptr, sizeof(Lifeboat), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    posix::ThrowErrno(errno, "cannot map {} bytes of shared memory for a test's results",
                      sizeof(Lifeboat));
  }
  lifeboat_ = static_cast<Lifeboat*>(memory);
}

LifeboatMapping::~LifeboatMapping() { ::munmap(lifeboat_, sizeof(Lifeboat)); }

std::string_view LifeboatMapping::contents() const {
  return {lifeboat_->bytes, std::min<std::size_t>(lifeboat_->used, Lifeboat::kCapacity)};
}

void LifeboatMapping::Clear() {
  if (lifeboat_->used == 0 && lifeboat_->lost == 0) return;  // touch no page for nothing
  lifeboat_->used = 0;
  lifeboat_->lost = 0;
}

}  // namespace testcell::supervisor
