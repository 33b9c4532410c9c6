#include "protocol/frame.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace testcell::protocol {
namespace {

constexpr std::uint64_t kMarkMagic = 0x0a4b52414d005443;  // "CT\0MARK\n"

constexpr std::array<std::uint32_t, 256> MakeCrcTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) ? 0xedb88320u : 0);
    table[byte] = value;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = MakeCrcTable();

std::uint32_t HeaderChecksum(const FrameHeader& header) {
  return Checksum({reinterpret_cast<const char*>(&header), offsetof(FrameHeader, header_checksum)});
}

}  // namespace

std::uint32_t Checksum(std::string_view bytes) {
  std::uint32_t value = 0xffffffffu;
  for (const char byte : bytes) {
    value = kCrcTable[(value ^ static_cast<unsigned char>(byte)) & 0xffu] ^ (value >> 8);
  }
  return ~value;
}

FrameHeader MakeHeader(internal::MessageType type, std::uint64_t cookie, std::uint32_t mark,
                       std::string_view payload) {
  FrameHeader header{kFrameMagic,
                     kVersion,
                     static_cast<std::uint16_t>(type),
                     cookie,
                     mark,
                     static_cast<std::uint32_t>(payload.size()),
                     Checksum(payload),
                     0};
  header.header_checksum = HeaderChecksum(header);
  return header;
}

void FrameDecoder::Reset(std::uint64_t cookie) {
  cookie_ = cookie;
  buffer_.clear();
  buffer_.shrink_to_fit();
  used_ = 0;
  garbage_bytes_ = 0;
}

void FrameDecoder::Compact() {
  if (used_ == buffer_.size()) {
    buffer_.clear();
    used_ = 0;
  } else if (used_ > (1u << 16) && used_ * 2 > buffer_.size()) {
    buffer_.erase(0, used_);
    used_ = 0;
  }
}

// To the next place where a frame may begin.
void FrameDecoder::Skip() {
  const std::string_view magic(reinterpret_cast<const char*>(&kFrameMagic), sizeof kFrameMagic);
  std::size_t next = buffer_.find(magic, used_ + 1);
  if (next == std::string::npos) {
    // The last bytes may be the beginning of the magic number.
    const std::size_t keep = std::min(magic.size() - 1, buffer_.size() - used_ - 1);
    next = buffer_.size() - keep;
  }
  garbage_bytes_ += next - used_;
  used_ = next;
}

std::optional<internal::Message> FrameDecoder::Next() {
  while (buffer_.size() - used_ >= sizeof(FrameHeader)) {
    FrameHeader header;
    std::memcpy(&header, buffer_.data() + used_, sizeof header);
    if (header.magic != kFrameMagic || header.version != kVersion || header.cookie != cookie_ ||
        header.length > kMaxPayload || header.header_checksum != HeaderChecksum(header)) {
      Skip();
      continue;
    }
    if (buffer_.size() - used_ - sizeof header < header.length) break;
    const std::string_view payload(buffer_.data() + used_ + sizeof header, header.length);
    if (header.checksum != Checksum(payload)) {
      Skip();
      continue;
    }
    internal::Message message{static_cast<internal::MessageType>(header.type), header.mark,
                              std::string(payload)};
    used_ += sizeof header + header.length;
    Compact();
    return message;
  }
  Compact();
  return std::nullopt;
}

Mark MakeMark(std::uint64_t cookie, std::uint32_t number) {
  Mark mark;
  std::memcpy(mark.data(), &kMarkMagic, 8);
  std::memcpy(mark.data() + 8, &cookie, 8);
  std::memcpy(mark.data() + 16, &number, 4);
  return mark;
}

void MarkSplitter::Reset(std::uint64_t cookie) {
  const Mark mark = MakeMark(cookie, 0);
  prefix_.assign(mark.data(), 16);
  buffer_.clear();
  buffer_.shrink_to_fit();
}

std::optional<MarkSplitter::Piece> MarkSplitter::Next(bool final) {
  if (buffer_.empty()) return std::nullopt;
  const std::size_t at = buffer_.find(prefix_);
  if (at == 0 && buffer_.size() >= kMarkSize) {
    Piece piece;
    std::memcpy(&piece.mark, buffer_.data() + 16, 4);
    buffer_.erase(0, kMarkSize);
    return piece;
  }
  std::size_t text = at;
  if (at == std::string::npos) {
    text = buffer_.size();
    // A tail that may grow into a mark waits for more.
    for (std::size_t keep = std::min(prefix_.size() - 1, buffer_.size()); keep > 0; --keep) {
      if (buffer_.compare(buffer_.size() - keep, keep, prefix_, 0, keep) == 0) {
        text = buffer_.size() - keep;
        break;
      }
    }
  }
  if (final && text == 0) text = buffer_.size();
  if (text == 0) return std::nullopt;
  Piece piece{buffer_.substr(0, text), 0};
  buffer_.erase(0, text);
  return piece;
}

}  // namespace testcell::protocol
