#include "supervisor/tally.h"

#include <algorithm>

namespace testcell::supervisor {

void Tally::Expect(const internal::UnitSpec& spec, int sign) {
  if (spec.expected.count() > 0) {
    waiting_ += sign * spec.expected;
  } else {
    waiting_unknown_ += sign;
  }
}

void Tally::Add(const internal::UnitSpec& spec) {
  if (spec.dormant) return;
  total_ += spec.tests;
  Expect(spec, 1);
  if (spec.expected.count() == 0) return;
  known_ += spec.expected;
  ++known_units_;
}

void Tally::Start(const internal::UnitSpec& spec) { Expect(spec, -1); }

void Tally::TakeBack(const internal::UnitSpec& spec) { Expect(spec, 1); }

void Tally::End(const internal::UnitSpec& spec, int failures) {
  done_ += spec.tests;
  failed_ += failures;
}

void Tally::Wake(const internal::UnitSpec& spec) {
  done_ -= spec.tests;
  Expect(spec, 1);
}

std::optional<Tally::Milliseconds> Tally::Left(int jobs,
                                               const std::vector<Running>& running) const {
  if (known_units_ == 0) return std::nullopt;
  // What is unknown is taken to be like the others.
  const Milliseconds mean = known_ / known_units_;
  Milliseconds sum = waiting_ + mean * waiting_unknown_;
  Milliseconds longest{0};
  for (const Running& one : running) {
    const Milliseconds expected = one.spec->expected.count() > 0 ? one.spec->expected : mean;
    const Milliseconds left = std::max(expected - one.since, Milliseconds(0));
    sum += left;
    longest = std::max(longest, left);
  }
  return std::max(sum / std::max(jobs, 1), longest);
}

internal::Progress Tally::Now(int jobs, const std::vector<Running>& running) const {
  internal::Progress progress;
  progress.total = total_;
  progress.done = done_;
  progress.failed = failed_;
  progress.running = static_cast<int>(running.size());
  for (const Running& one : running) {
    if (!progress.slowest.empty() && one.since <= progress.slowest_for) continue;
    progress.slowest = one.spec->name;
    progress.slowest_for = one.since;
  }
  progress.left = Left(jobs, running);
  return progress;
}

}  // namespace testcell::supervisor
