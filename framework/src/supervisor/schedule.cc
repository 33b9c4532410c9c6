#include "supervisor/schedule.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace testcell::supervisor {
namespace {

// How far beyond a unit that must wait for a resource others may overtake it.
constexpr std::size_t kLookAhead = 256;

}  // namespace

void Schedule::Add(int crew, int first_unit, int units) {
  std::vector<int> in_order(static_cast<std::size_t>(units));
  std::iota(in_order.begin(), in_order.end(), first_unit);
  Add(crew, std::move(in_order));
}

void Schedule::Add(int crew, std::vector<int> units) {
  if (queues_.size() <= static_cast<std::size_t>(crew)) {
    queues_.resize(static_cast<std::size_t>(crew) + 1);
  }
  queues_[static_cast<std::size_t>(crew)] = {std::move(units), 0};
}

bool Schedule::Allowed(const internal::UnitSpec& spec) const {
  if (running_ >= jobs_ || serial_running_) return false;
  if (spec.serial && running_ > 0) return false;
  for (const Exclusive& exclusive : spec.exclusive) {
    const auto used = in_use_.find(exclusive.resource);
    if (used != in_use_.end() && used->second >= exclusive.at_once) return false;
  }
  return true;
}

int Schedule::Startable(const std::vector<Unit>& units, int crew, int plan) const {
  const Queue& queue = queues_[static_cast<std::size_t>(crew)];
  const std::size_t end = std::min(queue.units.size(), queue.next + kLookAhead);
  for (std::size_t place = queue.next; place < end; ++place) {
    const int unit = queue.units[place];
    const Unit& candidate = units[static_cast<std::size_t>(unit)];
    if (candidate.started) continue;
    if (candidate.spec.plan == plan && Allowed(candidate.spec)) return unit;
    // Nothing overtakes a unit that waits to be alone, or it might wait forever.
    if (candidate.spec.serial) return -1;
  }
  return -1;
}

bool Schedule::Wanted(const std::vector<Unit>& units, int crew, int plan) const {
  return NextPlan(units, crew, 0, [plan](int other) { return other == plan; }) >= 0;
}

void Schedule::Started(std::vector<Unit>* units, int unit) {
  Unit& started = (*units)[static_cast<std::size_t>(unit)];
  started.started = true;
  Queue& queue = queues_[static_cast<std::size_t>(started.crew)];
  while (queue.next < queue.units.size() &&
         (*units)[static_cast<std::size_t>(queue.units[queue.next])].started) {
    ++queue.next;
  }
  ++running_;
  serial_running_ = started.spec.serial;
  for (const Exclusive& exclusive : started.spec.exclusive) ++in_use_[exclusive.resource];
}

void Schedule::Wake(std::vector<Unit>* units, int unit) {
  Unit& woken = (*units)[static_cast<std::size_t>(unit)];
  if (woken.log != nullptr || woken.replayed) return;  // given up meanwhile
  woken.started = false;
  Queue& queue = queues_[static_cast<std::size_t>(woken.crew)];
  const auto begin = queue.units.begin();
  const auto place = std::find(begin, queue.units.end(), unit);
  queue.next = std::min(queue.next, static_cast<std::size_t>(place - begin));
}

void Schedule::Ended(const std::vector<Unit>& units, int unit) {
  const Unit& ended = units[static_cast<std::size_t>(unit)];
  --running_;
  if (ended.spec.serial) serial_running_ = false;
  for (const Exclusive& exclusive : ended.spec.exclusive) --in_use_[exclusive.resource];
}

}  // namespace testcell::supervisor
