// A fuzzer's bytes, taken as the values that a target needs.
//
//   extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
//     testcell::fuzz::Input input(data, size);
//     const std::string name = input.Text(40);
//
// Threads and forks: plain data.
#ifndef TESTCELL_FUZZ_INPUT_H_
#define TESTCELL_FUZZ_INPUT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace testcell::fuzz {

// What has to hold whatever the input is; a fuzzer reports an abort.
inline void Require(bool good, const char* what) {
  if (good) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : left_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return left_.empty(); }

  // Zero at the end.
  std::uint8_t Byte() {
    const std::string_view byte = Take(1);
    return byte.empty() ? 0 : static_cast<std::uint8_t>(byte[0]);
  }

  // As many bytes as a first one says, and at most so many.
  std::string Text(std::size_t most) {
    return std::string(Take(std::min<std::size_t>(Byte(), most)));
  }

  std::string Rest() { return std::string(Take(left_.size())); }

 private:
  std::string_view Take(std::size_t size) {
    const std::string_view taken = left_.substr(0, size);
    left_.remove_prefix(taken.size());
    return taken;
  }

  std::string_view left_;
};

}  // namespace testcell::fuzz

#endif  // TESTCELL_FUZZ_INPUT_H_
