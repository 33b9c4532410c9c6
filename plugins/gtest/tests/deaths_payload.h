// What the payloads share. Each of their tests misbehaves in one way, and says
// so by its name; deaths_test.py knows what is to become of each.
#ifndef TESTCELL_GTEST_TESTS_DEATHS_PAYLOAD_H_
#define TESTCELL_GTEST_TESTS_DEATHS_PAYLOAD_H_

#include <string>

#include "testcell/options.h"

namespace deaths {

// A directory of the driver that all cells see: DEATHS_SHARED in the
// environment. Empty without one.
std::string SharedDirectory();
testcell::Options WithSharedDirectory();

// Blocks until somebody writes to the pipe of that name in the shared
// directory; writes one byte to it, which blocks until somebody reads.
void AwaitPipe(const char* name);
void TellPipe(const char* name);

// Counts, in a file of the shared directory, how many tests are between the
// constructor and the destructor at the same time.
class InUse {
 public:
  explicit InUse(std::string name);
  ~InUse();
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;
  int now() const { return Add(0); }
  // The highest count that was seen in a while of many looks.
  int HighestOfManyLooks() const;

 private:
  int Add(int step) const;

  std::string path_;
};

}  // namespace deaths

#endif  // TESTCELL_GTEST_TESTS_DEATHS_PAYLOAD_H_
