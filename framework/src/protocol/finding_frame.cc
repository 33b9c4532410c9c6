#include "protocol/finding_frame.h"

#include <cstring>

#include "protocol/frame.h"

namespace testcell::protocol {
namespace {

// Of one text, so that a long path leaves room for what is said of it.
constexpr std::size_t kMaxText = 1536;

}  // namespace

void FindingFrame::Start(internal::MessageType type) {
  type_ = type;
  size_ = sizeof(FrameHeader);
}

void FindingFrame::Number(std::uint64_t value) {
  std::memcpy(bytes_ + size_, &value, sizeof value);
  size_ += sizeof value;
}

void FindingFrame::Text(std::string_view text) {
  text = text.substr(0, kMaxText);
  Number(text.size());
  std::memcpy(bytes_ + size_, text.data(), text.size());
  size_ += text.size();
}

void FindingFrame::StartLeak(LeakKind kind, std::string_view what) {
  Start(internal::MessageType::kLeak);
  Number(static_cast<std::uint64_t>(kind));
  Text(what);
}

void FindingFrame::Detail(std::string_view name, std::string_view value) {
  name = name.substr(0, kMaxText);
  value = value.substr(0, kMaxText);
  if (2 * sizeof(std::uint64_t) + name.size() + value.size() > kSize - size_) return;
  Text(name);
  Text(value);
}

void FindingFrame::StartUse(UseKind kind, std::string_view name, UsedBy by, bool made_up,
                            bool shared) {
  Start(internal::MessageType::kUse);
  Number(static_cast<std::uint64_t>(kind));
  Text(name);
  Number(static_cast<std::uint64_t>(by));
  Number(made_up ? 1 : 0);
  Number(shared ? 1 : 0);
}

void FindingFrame::StartConnection(UseKind kind, std::string_view name) {
  Start(internal::MessageType::kConnection);
  Number(static_cast<std::uint64_t>(kind));
  Text(name);
}

std::string_view FindingFrame::Finish(std::uint64_t cookie) {
  const FrameHeader header =
      MakeHeader(type_, cookie, 0, {bytes_ + sizeof(FrameHeader), size_ - sizeof(FrameHeader)});
  std::memcpy(bytes_, &header, sizeof header);
  return {bytes_, size_};
}

bool DecodeLeak(const std::string& payload, Leak* leak) {
  internal::Reader reader(payload);
  const std::uint64_t kind = reader.Number();
  if (kind > static_cast<std::uint64_t>(LeakKind::kState)) return false;
  leak->kind = static_cast<LeakKind>(kind);
  leak->what = reader.Text();
  while (reader.ok() && !reader.empty()) {
    std::string name = reader.Text();
    leak->detail.emplace_back(std::move(name), reader.Text());
  }
  return reader.ok() && !leak->what.empty();
}

bool DecodeUse(const std::string& payload, Use* use) {
  internal::Reader reader(payload);
  const std::uint64_t kind = reader.Number();
  use->name = reader.Text();
  const std::uint64_t by = reader.Number();
  use->made_up = reader.Number() != 0;
  use->shared = reader.Number() != 0;
  if (kind > static_cast<std::uint64_t>(UseKind::kHostName) ||
      by > static_cast<std::uint64_t>(UsedBy::kEnvironment)) {
    return false;
  }
  use->kind = static_cast<UseKind>(kind);
  use->by = static_cast<UsedBy>(by);
  return reader.ok() && reader.empty() && !use->name.empty();
}

bool DecodeConnection(const std::string& payload, internal::Connection* connection) {
  internal::Reader reader(payload);
  const std::uint64_t kind = reader.Number();
  connection->name = reader.Text();
  if (kind > static_cast<std::uint64_t>(UseKind::kUnixAbstract)) return false;
  connection->kind = static_cast<UseKind>(kind);
  return reader.ok() && reader.empty() && !connection->name.empty();
}

}  // namespace testcell::protocol
