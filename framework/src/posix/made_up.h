// The part of a file's name that was made up for the moment, by mkstemp(3) and
// its like, told by its looks.
//
//   FindMadeUp("log.aX3b9Q")  // begin 4, size 6
//   FindMadeUp("MyTest").size == 0
//
// Async-signal-safe, no allocation.
#ifndef TESTCELL_SRC_POSIX_MADE_UP_H_
#define TESTCELL_SRC_POSIX_MADE_UP_H_

#include <cstddef>
#include <string_view>

namespace testcell::posix {

struct MadeUp {
  std::size_t begin = 0;
  std::size_t size = 0;  // 0: nothing is
};

// Of one component of a path. After a prefix that is known for it whatever the
// generator may write is made up. After any other it must look like chance, and
// neither like words, such as MyTest, nor like a number: some that chance made
// are not seen, and hardly any that a person made is taken for one.
MadeUp FindMadeUp(std::string_view name);

}  // namespace testcell::posix

#endif  // TESTCELL_SRC_POSIX_MADE_UP_H_
