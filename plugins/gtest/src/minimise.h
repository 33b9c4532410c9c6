// Delta debugging: which few of many things it takes for something to hold.
//
//   std::vector<Test> few = Minimise(tests, [&](const std::vector<Test>& some) {
//     return FailsAfter(some);
//   });
//
// Threads and forks: nothing of its own.
#ifndef TESTCELL_GTEST_SRC_MINIMISE_H_
#define TESTCELL_GTEST_SRC_MINIMISE_H_

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace testcell {
namespace internal {

// Part `index` of `count` about equal ones; or all but that part.
template <typename Item>
std::vector<Item> PartOf(const std::vector<Item>& items, std::size_t index, std::size_t count,
                         bool all_but) {
  const std::size_t begin = items.size() * index / count;
  const std::size_t end = items.size() * (index + 1) / count;
  std::vector<Item> part;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if ((i >= begin && i < end) != all_but) part.push_back(items[i]);
  }
  return part;
}

// Zeller's ddmin: no single one of what is left can be left out.
template <typename Item, typename Holds>
std::vector<Item> LeaveOut(std::vector<Item> items, Holds&& holds) {
  std::size_t count = 2;
  while (items.size() >= 2) {
    bool smaller = false;
    // Of two parts each is all but the other.
    for (const bool all_but : {false, true}) {
      if (smaller || (all_but && count == 2)) break;
      for (std::size_t i = count; i-- > 0 && !smaller;) {
        std::vector<Item> part = PartOf(items, i, count, all_but);
        if (!holds(part)) continue;
        items = std::move(part);
        count = all_but ? count - 1 : 2;
        smaller = true;
      }
    }
    if (smaller) continue;
    if (count >= items.size()) break;
    count = std::min(2 * count, items.size());
  }
  return items;
}

// A part of `items`, in their order, for which `holds` is true as it is for all of
// them, and of which no single one can be left out. Where more never hurts, k of n
// are found in about k log n questions: the last of them by where the shortest end
// begins that does, the next by the shortest end with it, and so on.
template <typename Item, typename Holds>
std::vector<Item> Minimise(const std::vector<Item>& items, Holds&& holds) {
  std::vector<Item> found;
  const auto with_rest = [&](std::size_t begin) {
    std::vector<Item> some = found;
    some.insert(some.end(), items.begin() + static_cast<std::ptrdiff_t>(begin), items.end());
    return some;
  };
  // Held from `begin` on by the last answer, and does not for what is found alone.
  for (std::size_t begin = 0; begin < items.size();) {
    std::size_t holding = begin;
    std::size_t not_holding = items.size();
    while (not_holding - holding > 1) {
      const std::size_t middle = holding + (not_holding - holding) / 2;
      (holds(with_rest(middle)) ? holding : not_holding) = middle;
    }
    found.push_back(items[holding]);
    begin = holding + 1;
    if (begin < items.size() && holds(found)) break;
  }
  return LeaveOut(std::move(found), holds);
}

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_GTEST_SRC_MINIMISE_H_
