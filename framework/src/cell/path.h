// Paths put together without allocation, for the forked side.
#ifndef TESTCELL_SRC_CELL_PATH_H_
#define TESTCELL_SRC_CELL_PATH_H_

#include <cstddef>

namespace testcell::cell {

// Text in a buffer of a fixed size; what does not fit is cut and shows in
// overflowed(), so that the caller can fail instead of using half a path.
template <std::size_t kSize>
class FixedText {
 public:
  FixedText& Add(const char* text) {
    while (*text != '\0') Put(*text++);
    return *this;
  }
  FixedText& Add(long number) {  // not negative
    char digits[20];
    std::size_t count = 0;
    do {
      digits[count++] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    while (count > 0) Put(digits[--count]);
    return *this;
  }
  const char* c_str() const { return text_; }
  char* data() { return text_; }
  std::size_t size() const { return size_; }
  bool overflowed() const { return overflowed_; }

 private:
  void Put(char c) {
    if (size_ + 1 >= kSize) {
      overflowed_ = true;
      return;
    }
    text_[size_++] = c;
    text_[size_] = '\0';
  }

  char text_[kSize] = "";
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

// A name that leads to what an O_PATH descriptor holds, whatever is mounted
// over its path by now.
inline FixedText<32> FdPath(int fd) {
  FixedText<32> path;
  path.Add("/proc/self/fd/").Add(static_cast<long>(fd));
  return path;
}

}  // namespace testcell::cell

#endif  // TESTCELL_SRC_CELL_PATH_H_
