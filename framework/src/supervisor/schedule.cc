#include "supervisor/schedule.h"

#include <algorithm>

namespace testcell::supervisor {
namespace {

// How far beyond a unit that must wait for a resource others may overtake it.
constexpr int kLookAhead = 256;

}  // namespace

void Schedule::Add(int crew, int first_unit, int units) {
  if (queues_.size() <= static_cast<std::size_t>(crew)) {
    queues_.resize(static_cast<std::size_t>(crew) + 1);
  }
  queues_[static_cast<std::size_t>(crew)] = {first_unit, first_unit + units};
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
  for (int unit = queue.next; unit < queue.end && unit < queue.next + kLookAhead; ++unit) {
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
  while (queue.next < queue.end && (*units)[static_cast<std::size_t>(queue.next)].started) {
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
  queue.next = std::min(queue.next, unit);
}

void Schedule::Ended(const std::vector<Unit>& units, int unit) {
  const Unit& ended = units[static_cast<std::size_t>(unit)];
  --running_;
  if (ended.spec.serial) serial_running_ = false;
  for (const Exclusive& exclusive : ended.spec.exclusive) --in_use_[exclusive.resource];
}

}  // namespace testcell::supervisor
