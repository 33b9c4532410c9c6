#include "testcell/allow.h"

#include "testcell/internal/hooks.h"
#include "testcell/internal/supervisor.h"

namespace testcell {
namespace internal {
namespace {

// Made on first use, since static initialisers may allow something; never
// destroyed, since static objects' destructors may.
struct OutsideCells {
  ScopedAllowances allowances;
  bool heard = true;
  std::string suite;
};

OutsideCells& Outside() {
  static auto* const outside = new OutsideCells;
  return *outside;
}

}  // namespace

const ScopedAllowances& AllowancesOutsideCells() { return Outside().allowances; }

void SetAllowanceScope(const char* suite) {
  Outside().heard = suite != nullptr;
  Outside().suite = suite == nullptr ? "" : suite;
}

}  // namespace internal

void AllowLeak(LeakKind kind, const std::string& pattern, const std::string& reason) {
  const std::string why = reason.empty() ? "no reason given" : reason;
  if (auto* const process = internal::TestProcess::Current()) {
    internal::Writer writer;
    writer.Number(static_cast<std::uint64_t>(kind)).Text(pattern).Text(why);
    process->Send(internal::MessageType::kAllow, writer.bytes(), false);
    return;
  }
  internal::OutsideCells& outside = internal::Outside();
  if (outside.heard) outside.allowances.push_back({{kind, pattern, why}, outside.suite});
}

}  // namespace testcell
