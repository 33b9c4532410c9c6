// Shared memory of a slot that takes a test process's frames when it has lost
// its results pipe: a test may close every descriptor it can find.
#ifndef TESTCELL_SRC_SUPERVISOR_LIFEBOAT_H_
#define TESTCELL_SRC_SUPERVISOR_LIFEBOAT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace testcell::supervisor {

struct Lifeboat {
  static constexpr std::size_t kCapacity = (1 << 20) - 16;
  std::uint64_t used;
  std::uint64_t lost;  // bytes that found no room
  char bytes[kCapacity];
};

// Owns the mapping, in the supervisor and, as a copy, in every fork.
class LifeboatMapping {
 public:
  LifeboatMapping();  // throws std::system_error
  ~LifeboatMapping();
  LifeboatMapping(const LifeboatMapping&) = delete;
  LifeboatMapping& operator=(const LifeboatMapping&) = delete;

  Lifeboat* get() const { return lifeboat_; }
  // What a test process left, bounded even where it scribbled on the counter.
  std::string_view contents() const;
  void Clear();

 private:
  Lifeboat* lifeboat_ = nullptr;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_LIFEBOAT_H_
