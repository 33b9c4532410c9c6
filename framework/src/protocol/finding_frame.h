// Findings as frames: how init and the test process tell the supervisor of a
// leak or a use.
//
//   FindingFrame frame;
//   frame.StartLeak(LeakKind::kProcess, "sleep 1000 (pid 7)");
//   frame.Detail("age_ms", "30");
//   const std::string_view bytes = frame.Finish(cookie);
//
// Threads and forks: allocates nothing and locks nothing, for init's sake.
#ifndef TESTCELL_SRC_PROTOCOL_FINDING_FRAME_H_
#define TESTCELL_SRC_PROTOCOL_FINDING_FRAME_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "testcell/finding.h"
#include "testcell/internal/connection.h"
#include "testcell/internal/message.h"

namespace testcell::protocol {

// What is too long for one write that no other process of the cell can tear
// apart (PIPE_BUF) is cut.
class FindingFrame {
 public:
  static constexpr std::size_t kSize = 4096;

  void StartLeak(LeakKind kind, std::string_view what);
  void Detail(std::string_view name, std::string_view value);
  void StartUse(UseKind kind, std::string_view name, UsedBy by, bool made_up, bool shared);
  void StartConnection(UseKind kind, std::string_view name);
  // Valid until the next start.
  std::string_view Finish(std::uint64_t cookie);

 private:
  void Start(internal::MessageType type);
  void Number(std::uint64_t value);
  void Text(std::string_view text);

  internal::MessageType type_ = internal::MessageType::kLeak;
  std::size_t size_ = 0;
  alignas(8) char bytes_[kSize];
};

// False for what no FindingFrame has made.
bool DecodeLeak(const std::string& payload, Leak* leak);
bool DecodeUse(const std::string& payload, Use* use);
bool DecodeConnection(const std::string& payload, internal::Connection* connection);

}  // namespace testcell::protocol

#endif  // TESTCELL_SRC_PROTOCOL_FINDING_FRAME_H_
