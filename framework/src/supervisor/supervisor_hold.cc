// What becomes of a cell whose test is over, where failed ones are looked at.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <system_error>
#include <utility>

#include "supervisor/supervisor_impl.h"

namespace testcell::internal {

bool Supervisor::Impl::Carries(const Slot& slot) const {
  return slot.base && !plans_[static_cast<std::size_t>(slot.plan)]->carry.empty();
}

bool Supervisor::Impl::HasFailed(const Slot& slot) const {
  if (stopped_ || slot.verdict->kind == OutcomeKind::kInterrupted) return false;
  // Where files are carried it is not known yet which of them are leaks.
  static const std::vector<Leak> unknown;
  const Unit& unit = units_[static_cast<std::size_t>(slot.unit)];
  return settings_.judge->HasFailed(slot.unit, *slot.verdict,
                                    Carries(slot) ? unknown : unit.log->leaks());
}

// Until it is done the unit counts as running, which bounds what waits.
void Supervisor::Impl::Hold(Slot* slot) {
  slot->state = Slot::State::kHeld;
  if (!HasFailed(*slot)) return LetGo(slot);
  if (!Collects() || !Collect(slot)) KeepOrLetGo(slot);
}

// Init gives itself a name by which it is found, and says so.
void Supervisor::Impl::KeepOrLetGo(Slot* slot) {
  if (!MayKeep(*slot)) return LetGo(slot);
  if (static_cast<int>(kept_.size()) >= kMostKept || !HasRoom(*slot)) {
    ++not_kept_;
    return LetGo(slot);
  }
  protocol::Order order{};
  order.kind = protocol::OrderKind::kKeep;
  slot->Send(order);
  kept_.push_back({slot, {settings_.judge->Describe(slot->unit).test, slot->init}, false});
}

// Where there are few cells at once for want of descriptors, one is left for those
// tests that have not run.
bool Supervisor::Impl::HasRoom(const Slot& kept) const {
  const Crew& crew = crews_[static_cast<std::size_t>(kept.crew)];
  for (const Slot* slot : crew.slots) {
    const bool other = slot != &kept && slot->user == kept.user;
    if (other && slot->state != Slot::State::kHeld && slot->state != Slot::State::kDead)
      return true;
  }
  for (std::size_t i = 0; i < units_.size(); ++i) {
    const Unit& unit = units_[i];
    const bool open = !unit.replayed && (unit.log == nullptr || !unit.log->ended());
    if (open && unit.crew == kept.crew && static_cast<int>(i) != kept.unit) return false;
  }
  return true;
}

bool Supervisor::Impl::MayKeep(const Slot& slot) const {
  return settings_.keep && !stopped_ && !RunsAgain(slot.unit, *slot.verdict);
}

void Supervisor::Impl::OnKept(Slot* slot) {
  if (slot->state != Slot::State::kHeld || !slot->verdict) return;
  for (Keeping& keeping : kept_) keeping.stands = keeping.stands || keeping.slot == slot;
  Carries(*slot) ? Harvest(slot) : EndUnit(slot);
}

void Supervisor::Impl::LetGo(Slot* slot) {
  if (!slot->KillCell()) {
    protocol::Order order{};
    order.kind = protocol::OrderKind::kLetGo;
    slot->Send(order);
  }
  slot->state = Slot::State::kEnding;
  if (!Carries(*slot)) EndUnit(slot);
}

// False where nothing will come of it.
bool Supervisor::Impl::Collect(Slot* slot) {
  Judge::Failure failure = settings_.judge->Describe(slot->unit);
  const Unit& unit = units_[static_cast<std::size_t>(slot->unit)];
  supervisor::Remains remains;
  remains.directory = settings_.artifacts;
  remains.test = std::move(failure.test);
  remains.attempt = static_cast<int>(unit.failed_runs.size()) + 1;
  remains.outcome = *slot->verdict;
  remains.failures = std::move(failure.text);
  remains.output = slot->output_copy();
  remains.one_output = settings_.one_output;
  remains.plan = plans_[static_cast<std::size_t>(slot->plan)].get();
  remains.working_directory_shared = (slot->flags & protocol::kSharedWorkingDirectory) != 0;
  remains.base = slot->base.get();
  remains.packets = slot->packets.get();
  remains.capture_error = slot->capture_error;
  remains.init = slot->init;
  try {
    collections_[slot] = std::make_unique<supervisor::Collector>(remains);
    return true;
  } catch (const std::system_error& error) {
    collections_.erase(slot);
    Notice(fmt::format("nothing is kept of {}: {}", remains.test, error.what()));
    return false;
  }
}

void Supervisor::Impl::AddCollectionsToPoll() {
  for (const auto& [slot, collector] : collections_) poll_.push_back({collector->fd(), POLLIN, 0});
}

void Supervisor::Impl::ServeCollections(std::size_t first_event) {
  std::vector<Slot*> done;
  for (std::size_t event = first_event; event < poll_.size(); ++event) {
    if (poll_[event].revents == 0) continue;
    for (const auto& [slot, collector] : collections_) {
      if (collector->fd() == poll_[event].fd) done.push_back(slot);
    }
  }
  for (Slot* slot : done) OnCollected(slot);
}

void Supervisor::Impl::OnCollected(Slot* slot) {
  FinishCollection(slot);
  if (slot->state == Slot::State::kHeld) KeepOrLetGo(slot);
}

// If there is one: waits for its end.
void Supervisor::Impl::FinishCollection(Slot* slot) {
  const auto collection = collections_.find(slot);
  if (collection == collections_.end()) return;
  const std::string error = collection->second->Await();
  const std::string path = collection->second->path();
  collections_.erase(collection);
  const Unit& unit = units_[static_cast<std::size_t>(slot->unit)];
  if (error.empty()) {
    unit.log->SetArtifacts(path);
  } else {
    Notice(fmt::format("what {} has left is not kept: {}", unit.spec.name, error));
  }
}

std::vector<KeptCell> Supervisor::Impl::Kept() {
  std::vector<KeptCell> cells;
  for (const Keeping& keeping : kept_) {
    if (keeping.stands) cells.push_back(keeping.cell);
  }
  return cells;
}

void Supervisor::Impl::AwaitRelease(int terminal) {
  bool released = false;
  settings_.watched_fd = terminal;
  settings_.on_readable = [&] {
    char line[256];
    // In the background, to read would stop us.
    if (::tcgetpgrp(terminal) == ::getpgrp()) {
      released = ::read(terminal, line, sizeof line) >= 0 || errno != EINTR;
    } else {
      settings_.watched_fd = -1;
    }
  };
  while (!released && interrupted() == 0 && !kept_.empty()) Pump();
  settings_.watched_fd = -1;
}

}  // namespace testcell::internal
