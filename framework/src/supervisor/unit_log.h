// Puts a unit's output and messages into one order: they come on pipes of
// their own, and marks in the output say where a message belongs.
#ifndef TESTCELL_SRC_SUPERVISOR_UNIT_LOG_H_
#define TESTCELL_SRC_SUPERVISOR_UNIT_LOG_H_

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/frame.h"
#include "supervisor/carry.h"
#include "supervisor/findings.h"
#include "supervisor/spool.h"
#include "testcell/internal/supervisor.h"

namespace testcell::supervisor {

class UnitLog {
 public:
  // `streams`: how many output pipes carry marks, 1 or 2.
  UnitLog(std::shared_ptr<Spool> spool, int streams)
      : spool_(std::move(spool)), streams_(streams) {}

  void AddText(int stream, std::string text);
  void AddMark(int stream, std::uint32_t mark);
  // Who is to hear each message as soon as it comes.
  void SetListener(std::function<void(const internal::Message&)> listener) {
    listener_ = std::move(listener);
  }
  // Findings are no events of their own: they come with the end.
  void AddMessage(internal::Message message);
  // Nothing more comes; what waits for a mark that was lost waits no longer.
  void End(const Outcome& outcome);
  // Before the end.
  void SetCarried(Carried carried) { carried_ = std::move(carried); }
  void SetArtifacts(std::string path) { artifacts_ = std::move(path); }
  void SetNotListed(std::uint32_t count) { not_listed_ = count; }
  bool ended() const { return ended_; }
  int failures() const { return failures_; }  // tests that said that they failed
  // After the end, and until that is taken by Next().
  const std::vector<Leak>& leaks() const { return findings_.leaks(); }

  // The next event, if it is known already what it is.
  std::optional<internal::Event> Next();

 private:
  // In a stream: text or a mark.
  struct Item {
    internal::HeldText text;
    std::uint32_t mark = 0;
  };

  bool AtMark(int stream, std::uint32_t mark) const;
  std::optional<internal::Event> NextText(int stream);

  std::shared_ptr<Spool> spool_;
  int streams_;
  std::array<std::deque<Item>, 2> output_;
  std::deque<internal::Message> messages_;
  Findings findings_;
  std::function<void(const internal::Message&)> listener_;
  std::uint32_t not_listed_ = 0;  // of them
  std::uint32_t passed_mark_ = 0;
  bool ended_ = false;
  int failures_ = 0;
  Outcome outcome_;
  Carried carried_;
  std::string artifacts_;
};

}  // namespace testcell::supervisor

#endif  // TESTCELL_SRC_SUPERVISOR_UNIT_LOG_H_
