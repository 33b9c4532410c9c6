#include "report/claim.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace testcell::report {
namespace {

// Claims counted so that each is judged by a few numbers: a path that all of
// 20,000 tests use would make 400 million pairs.
class Count {
 public:
  void Add(const std::vector<Test>& tests, const Claim& claim) {
    ++all_;
    Suite& suite = suites_[tests[claim.test].suite];
    ++suite.all;
    if (claim.by != UsedBy::kTest) return;
    ++suite.by_tests;
    ++by_test_[claim.test];
  }

  // Whether one of those counted collides with this claim.
  bool HasOther(const std::vector<Test>& tests, const Claim& claim) const {
    const auto suite = suites_.find(tests[claim.test].suite);
    if (suite == suites_.end()) return all_ > 0;
    if (all_ > suite->second.all) return true;
    if (claim.by != UsedBy::kTest) return false;
    const auto own = by_test_.find(claim.test);
    return suite->second.by_tests > (own == by_test_.end() ? 0 : own->second);
  }

 private:
  struct Suite {
    std::size_t all = 0;
    std::size_t by_tests = 0;
  };
  std::size_t all_ = 0;
  std::unordered_map<std::string_view, Suite> suites_;
  std::unordered_map<std::size_t, std::size_t> by_test_;
};

}  // namespace

std::vector<std::size_t> Colliding(const std::vector<Test>& tests,
                                   const std::vector<Claim>& claims) {
  Count all;
  Count writers;
  for (const Claim& claim : claims) {
    if (claim.by == UsedBy::kEnvironment) continue;  // all tests share it
    all.Add(tests, claim);
    if (!claim.only_read) writers.Add(tests, claim);
  }
  std::vector<std::size_t> colliding;
  for (const Claim& claim : claims) {
    if (claim.by == UsedBy::kEnvironment) continue;
    const Count& others = claim.only_read ? writers : all;
    if (others.HasOther(tests, claim)) colliding.push_back(claim.test);
  }
  std::sort(colliding.begin(), colliding.end());
  colliding.erase(std::unique(colliding.begin(), colliding.end()), colliding.end());
  return colliding;
}

SharedClaims FindShared(const std::vector<Test>& tests, const std::vector<Claim>& claims) {
  std::vector<std::size_t> shared;
  for (const Claim& claim : claims) {
    if (claim.shared) shared.push_back(claim.test);
  }
  std::sort(shared.begin(), shared.end());
  shared.erase(std::unique(shared.begin(), shared.end()), shared.end());
  std::stable_sort(shared.begin(), shared.end(), [&](std::size_t one, std::size_t other) {
    return tests[one].start < tests[other].start;
  });
  SharedClaims result;
  result.by_several = shared.size() > 1;
  for (std::size_t i = 1; i < shared.size(); ++i) {
    // The earlier ones end before this neighbour begins, or it was seen.
    const Test& before = tests[shared[i - 1]];
    result.at_once = result.at_once || tests[shared[i]].start < before.start + before.outcome.wall;
  }
  return result;
}

}  // namespace testcell::report
