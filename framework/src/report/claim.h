// Who wants a resource, and which of them can't have it at the same time.
#ifndef TESTCELL_SRC_REPORT_CLAIM_H_
#define TESTCELL_SRC_REPORT_CLAIM_H_

#include <cstddef>
#include <vector>

#include "testcell/internal/report.h"

namespace testcell::report {

struct Claim {
  std::size_t test = 0;  // its index
  UsedBy by = UsedBy::kTest;
  bool only_read = false;
  bool shared = false;  // on the host, which cells share
};

// The tests, in order, that would collide with one of the others. Two claims
// do if they are of different tests, one of them writes, and neither is that
// of a set-up which both tests share.
std::vector<std::size_t> Colliding(const std::vector<Test>& tests,
                                   const std::vector<Claim>& claims);

// Of tests that made claims on what cells share.
struct SharedClaims {
  bool by_several = false;
  bool at_once = false;  // two of these tests ran at the same time
};
SharedClaims FindShared(const std::vector<Test>& tests, const std::vector<Claim>& claims);

}  // namespace testcell::report

#endif  // TESTCELL_SRC_REPORT_CLAIM_H_
