// Where probes say what they found: frames on a cell's results pipe.
#ifndef TESTCELL_SRC_PROBE_SINK_H_
#define TESTCELL_SRC_PROBE_SINK_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "posix/fixed_text.h"
#include "protocol/finding_frame.h"
#include "testcell/finding.h"

namespace testcell::probe {

using Text = posix::FixedText<1536>;

template <std::size_t kSize>
std::string_view View(const posix::FixedText<kSize>& text) {
  return {text.c_str(), text.size()};
}

struct Detail {
  std::string_view name;
  std::string_view value;  // empty: left out
};

// Async-signal-safe, if `write` is.
class Sink {
 public:
  using Write = bool (*)(void* target, std::string_view frame);

  void Start(std::uint64_t cookie, Write write, void* target) {
    cookie_ = cookie;
    write_ = write;
    target_ = target;
    leaks_ = uses_ = 0;
    lost_ = 0;
    by_ = UsedBy::kTest;
  }

  void Report(LeakKind kind, std::string_view what, std::initializer_list<Detail> details = {}) {
    if (++leaks_ > kMaxLeaks) {
      ++lost_;
      return;
    }
    frame_.StartLeak(kind, what);
    for (const Detail& detail : details) {
      if (!detail.value.empty()) frame_.Detail(detail.name, detail.value);
    }
    Send();
  }

  // `made_up`: a name that only chance would give to another test, too.
  void Report(UseKind kind, std::string_view name, bool made_up = false) {
    ReportUse(kind, name, made_up, false);
  }
  // Of what cells share.
  void ReportShared(UseKind kind, std::string_view name, bool made_up) {
    ReportUse(kind, name, made_up, true);
  }

  void ReportConnection(UseKind kind, std::string_view name) {
    if (++uses_ > kMaxUses) {
      ++lost_;
      return;
    }
    frame_.StartConnection(kind, name);
    Send();
  }

  // Who made the uses that are reported from here on.
  void SetUser(UsedBy by) { by_ = by; }
  UsedBy user() const { return by_; }

  void Lose(std::uint32_t count) { lost_ += count; }
  bool any_leaks() const { return leaks_ > 0; }
  // Findings that were not sent.
  std::uint32_t lost() const { return lost_; }

 private:
  // More helps nobody to find the origin, and would be paid for in memory.
  static constexpr int kMaxLeaks = 500;
  static constexpr int kMaxUses = 2000;

  void ReportUse(UseKind kind, std::string_view name, bool made_up, bool shared) {
    if (++uses_ > kMaxUses) {
      ++lost_;
      return;
    }
    frame_.StartUse(kind, name, by_, made_up, shared);
    Send();
  }

  void Send() {
    if (!write_(target_, frame_.Finish(cookie_))) ++lost_;
  }

  std::uint64_t cookie_ = 0;
  Write write_ = nullptr;
  void* target_ = nullptr;
  UsedBy by_ = UsedBy::kTest;
  int leaks_ = 0;
  int uses_ = 0;
  std::uint32_t lost_ = 0;
  protocol::FindingFrame frame_;
};

}  // namespace testcell::probe

#endif  // TESTCELL_SRC_PROBE_SINK_H_
