// Which of many things were met before, without allocation.
#ifndef TESTCELL_SRC_PROBE_SEEN_H_
#define TESTCELL_SRC_PROBE_SEEN_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace testcell::probe {

// FNV-1a, with a start of the caller's choice.
inline std::uint64_t Hash(std::string_view bytes, std::uint64_t start = 0) {
  std::uint64_t hash = 0xcbf29ce484222325u ^ (start * 0x9e3779b97f4a7c15u);
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  }
  return hash;
}

// Must lie in memory that is zero: its pages cost nothing until they are needed.
class Seen {
 public:
  // True if it is new. Past the capacity everything is.
  bool Add(std::uint64_t hash) {
    if (hash == 0) hash = 1;
    std::size_t at = hash % kSlots;
    for (; slots_[at] != 0; at = (at + 1) % kSlots) {
      if (slots_[at] == hash) return false;
    }
    if (used_ < kSlots / 2) {
      slots_[at] = hash;
      ++used_;
    }
    return true;
  }
  bool Has(std::uint64_t hash) const {
    if (hash == 0) hash = 1;
    for (std::size_t at = hash % kSlots; slots_[at] != 0; at = (at + 1) % kSlots) {
      if (slots_[at] == hash) return true;
    }
    return false;
  }
  void Clear() {
    if (used_ == 0) return;  // touch no page for nothing
    for (std::uint64_t& slot : slots_) slot = 0;
    used_ = 0;
  }

 private:
  static constexpr std::size_t kSlots = 8192;
  std::uint64_t slots_[kSlots];
  std::size_t used_;
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_SEEN_H_
