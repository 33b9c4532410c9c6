#include "supervisor/unit_log.h"

#include <utility>

namespace testcell::supervisor {

void UnitLog::AddText(int stream, std::string text) {
  auto& items = output_[static_cast<std::size_t>(stream)];
  if (items.empty() || items.back().mark != 0) items.emplace_back();
  items.back().text.Append(spool_->Keep(std::move(text)));
}

void UnitLog::AddMark(int stream, std::uint32_t mark) {
  auto& items = output_[static_cast<std::size_t>(stream)];
  items.emplace_back();
  items.back().mark = mark;
}

void UnitLog::AddMessage(internal::Message message) {
  if (message.type == internal::MessageType::kLeak) {
    findings_.AddLeak(message.payload);
  } else if (message.type == internal::MessageType::kUse) {
    findings_.AddUse(message.payload);
  } else if (message.type == internal::MessageType::kConnection) {
    findings_.AddConnection(message.payload);
  } else {
    if (message.type == internal::MessageType::kTestEnd) {
      failures_ += internal::Reader(message.payload).Number() == 0 ? 0 : 1;
    }
    if (listener_) listener_(message);
    messages_.push_back(std::move(message));
  }
}

void UnitLog::End(const Outcome& outcome) {
  ended_ = true;
  outcome_ = outcome;
  findings_.DropCarried(carried_.paths);
}

bool UnitLog::AtMark(int stream, std::uint32_t mark) const {
  const auto& items = output_[static_cast<std::size_t>(stream)];
  // A stream that is past the mark, or will never show it, holds nobody up.
  return items.empty() ? ended_ : items.front().mark >= mark;
}

std::optional<internal::Event> UnitLog::NextText(int stream) {
  auto& items = output_[static_cast<std::size_t>(stream)];
  // A mark whose message was lost stands for nothing.
  while (!items.empty() && items.front().mark != 0 &&
         (items.front().mark <= passed_mark_ || (ended_ && messages_.empty()))) {
    items.pop_front();
  }
  if (items.empty() || items.front().mark != 0) return std::nullopt;
  internal::Event event;
  event.kind = internal::Event::Kind::kOutput;
  event.stream = stream + 1;
  event.output = std::move(items.front().text);
  items.pop_front();
  return event;
}

std::optional<internal::Event> UnitLog::Next() {
  for (int stream = 0; stream < streams_; ++stream) {
    if (auto event = NextText(stream)) return event;
  }
  if (!messages_.empty()) {
    const std::uint32_t mark = messages_.front().mark;
    bool ready = true;
    for (int stream = 0; mark != 0 && stream < streams_; ++stream) {
      ready = ready && AtMark(stream, mark);
    }
    if (!ready) return std::nullopt;
    if (mark != 0) passed_mark_ = mark;
    internal::Event event;
    event.kind = internal::Event::Kind::kMessage;
    event.message = std::move(messages_.front());
    messages_.pop_front();
    return event;
  }
  if (!ended_) return std::nullopt;
  internal::Event event;
  event.kind = internal::Event::Kind::kEnd;
  event.outcome = outcome_;
  event.leaks = findings_.TakeLeaks();
  event.uses = findings_.TakeUses();
  event.not_listed = not_listed_;
  event.connections = findings_.TakeConnections();
  event.carry_errors = std::move(carried_.errors);
  event.artifacts = std::move(artifacts_);
  return event;
}

}  // namespace testcell::supervisor
