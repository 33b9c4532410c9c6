// What a test printed, kept where it takes little memory until it is read:
// what is held for long, or is much, is in a file without a name.
//
//   while (!output.empty()) std::cout << output.Read();
//
// Threads and forks: for the thread that has the Supervisor; may outlive it.
// No exception leaves a function of this header, but for want of memory.
#ifndef TESTCELL_INTERNAL_HELD_TEXT_H_
#define TESTCELL_INTERNAL_HELD_TEXT_H_

#include <memory>
#include <string>

namespace testcell {
namespace supervisor {
class Spool;
class SpooledText;
}  // namespace supervisor

namespace internal {

class HeldText {
 public:
  HeldText();
  ~HeldText();
  HeldText(HeldText&& other) noexcept;
  HeldText& operator=(HeldText&& other) noexcept;

  bool empty() const { return text_ == nullptr; }
  // The next part, of at most 1 MiB, which is gone from here then.
  std::string Read();
  // Takes over what the other holds, behind its own.
  void Append(HeldText other);

 private:
  friend class supervisor::Spool;

  std::unique_ptr<supervisor::SpooledText> text_;  // null: nothing is left
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_HELD_TEXT_H_
