// Frames: how messages travel on the results pipe, and marks: how the output
// streams say where a message belongs.
//
// Any process of the cell may have written to these pipes by accident, so a
// frame carries a magic number, a version, its length, a checksum and a cookie
// of its cell; the decoder passes over what is no frame and counts it.
#ifndef TESTCELL_SRC_PROTOCOL_FRAME_H_
#define TESTCELL_SRC_PROTOCOL_FRAME_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "testcell/internal/message.h"

namespace testcell::protocol {

inline constexpr std::uint32_t kFrameMagic = 0x4c434554;  // "TECL"
inline constexpr std::uint16_t kVersion = 1;
// A longer payload is a sign of garbage, not of a message.
inline constexpr std::uint32_t kMaxPayload = 256u << 20;

struct FrameHeader {
  std::uint32_t magic;
  std::uint16_t version;
  std::uint16_t type;
  std::uint64_t cookie;
  std::uint32_t mark;
  std::uint32_t length;    // of the payload
  std::uint32_t checksum;  // of the payload
  std::uint32_t header_checksum;
};
static_assert(sizeof(FrameHeader) == 32);

std::uint32_t Checksum(std::string_view bytes);
FrameHeader MakeHeader(internal::MessageType type, std::uint64_t cookie, std::uint32_t mark,
                       std::string_view payload);

class FrameDecoder {
 public:
  // Forgets what was fed and starts over with another cell's cookie.
  void Reset(std::uint64_t cookie);
  void Feed(std::string_view bytes) { buffer_.append(bytes); }
  std::optional<internal::Message> Next();

  // Bytes that were no frame of this cell.
  std::uint64_t garbage_bytes() const { return garbage_bytes_; }
  // Bytes of a frame that has not come to its end.
  std::size_t pending_bytes() const { return buffer_.size() - used_; }

 private:
  void Skip();
  void Compact();

  std::uint64_t cookie_ = 0;
  std::string buffer_;
  std::size_t used_ = 0;
  std::uint64_t garbage_bytes_ = 0;
};

// A mark in an output stream: recognised by a magic number and the cookie.
inline constexpr std::size_t kMarkSize = 20;
using Mark = std::array<char, kMarkSize>;
Mark MakeMark(std::uint64_t cookie, std::uint32_t number);

// Splits an output stream into text and marks.
class MarkSplitter {
 public:
  void Reset(std::uint64_t cookie);
  void Feed(std::string_view bytes) { buffer_.append(bytes); }

  struct Piece {
    std::string text;        // empty for a mark
    std::uint32_t mark = 0;  // 0 for text
  };
  // Text that may be the beginning of a mark is held back until `final`.
  std::optional<Piece> Next(bool final);

 private:
  std::string prefix_;  // magic and cookie of every mark of this cell
  std::string buffer_;
};

}  // namespace testcell::protocol

#endif  // TESTCELL_SRC_PROTOCOL_FRAME_H_
