#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>

#include "testcell/internal/shard.h"

namespace testcell::internal {
namespace {

// By durations, the longest first, and names: the order in which they are dealt.
std::vector<std::size_t> LongestFirst(const std::vector<TimedTest>& tests,
                                      const std::vector<std::int64_t>& durations) {
  std::vector<std::size_t> order(tests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t one, std::size_t other) {
    if (durations[one] != durations[other]) return durations[one] > durations[other];
    return tests[one].name < tests[other].name;
  });
  return order;
}

}  // namespace

std::vector<int> DivideEvenly(const std::vector<TimedTest>& tests, int shards) {
  // What is unknown counts as much as what is known does on average.
  std::int64_t sum = 0;
  std::int64_t known = 0;
  for (const TimedTest& test : tests) {
    sum += test.expected.count();
    known += test.expected.count() > 0 ? 1 : 0;
  }
  const std::int64_t unknown = known == 0 ? 1 : std::max<std::int64_t>(sum / known, 1);
  std::vector<std::int64_t> durations;
  durations.reserve(tests.size());
  for (const TimedTest& test : tests) {
    durations.push_back(test.expected.count() > 0 ? test.expected.count() : unknown);
  }
  // Each to the shard that has the least so far, and of several to the first.
  using Load = std::pair<std::int64_t, int>;
  std::vector<Load> loads;
  loads.reserve(static_cast<std::size_t>(shards));
  for (int shard = 0; shard < shards; ++shard) loads.emplace_back(0, shard);
  std::vector<int> shard_of(tests.size(), 0);
  for (const std::size_t test : LongestFirst(tests, durations)) {
    std::pop_heap(loads.begin(), loads.end(), std::greater<Load>());
    shard_of[test] = loads.back().second;
    loads.back().first += durations[test];
    std::push_heap(loads.begin(), loads.end(), std::greater<Load>());
  }
  return shard_of;
}

}  // namespace testcell::internal
