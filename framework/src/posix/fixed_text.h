// Text put together without allocation, for forked processes.
#ifndef TESTCELL_SRC_POSIX_FIXED_TEXT_H_
#define TESTCELL_SRC_POSIX_FIXED_TEXT_H_

#include <cstddef>

namespace testcell::posix {

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
  FixedText& Add(const char* text, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) Put(text[i]);
    return *this;
  }
  FixedText& AddHex(unsigned long number, int least_digits = 1) {
    for (int digit = 15; digit >= 0; --digit) {
      const unsigned long rest = number >> (4 * digit);
      if (rest != 0 || digit < least_digits) Put("0123456789abcdef"[rest & 15]);
    }
    return *this;
  }
  void Cut(std::size_t size) {  // back to what it was
    if (size >= size_) return;
    size_ = size;
    text_[size_] = '\0';
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

  char text_[kSize] = {};
  std::size_t size_ = 0;
  bool overflowed_ = false;
};

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_FIXED_TEXT_H_
