// The results pipe, into which any process of a cell may have written: the
// decoder finds every frame of the cell, whatever stands before and between, in
// whatever parts it arrives, and what it gives is read without harm.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "input.h"
#include "protocol/finding_frame.h"
#include "protocol/frame.h"

namespace testcell::fuzz {
namespace {

constexpr std::uint64_t kCookie = 0x1122334455667788;
constexpr char kCookieByte = '\x88';  // which no garbage has: a fuzzer forges frames

void ReadAll(const internal::Message& message) {
  Leak leak;
  Use use;
  protocol::DecodeLeak(message.payload, &leak);
  protocol::DecodeUse(message.payload, &use);
  internal::Connection connection;
  protocol::DecodeConnection(message.payload, &connection);
  internal::Reader reader(message.payload);
  for (bool text = false; reader.ok() && !reader.empty(); text = !text) {
    if (text) {
      reader.Text();
    } else {
      reader.Number();
    }
  }
}

std::string MakeFrame(std::uint16_t type, std::uint32_t mark, const std::string& payload) {
  const protocol::FrameHeader header =
      protocol::MakeHeader(static_cast<internal::MessageType>(type), kCookie, mark, payload);
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

void Decode(Input* input) {
  std::string stream;
  std::size_t frame_bytes = 0;
  std::vector<std::string> sent;
  while (!input->empty() && sent.size() < 64) {
    std::string garbage = input->Text(255);
    std::replace(garbage.begin(), garbage.end(), kCookieByte, '.');
    stream += garbage;
    const std::uint8_t type = input->Byte();
    std::string payload = input->Text(255);
    const std::string frame = MakeFrame(type % 16, input->Byte(), payload);
    frame_bytes += frame.size();
    stream += frame;
    sent.push_back(std::move(payload));
  }
  protocol::FrameDecoder decoder;
  decoder.Reset(kCookie);
  std::size_t got = 0;
  std::size_t step = 1;
  for (std::size_t at = 0; at < stream.size(); at += step, step = step * 2 % 509 + 1) {
    decoder.Feed(std::string_view(stream).substr(at, step));
    while (const auto message = decoder.Next()) {
      ReadAll(*message);
      Require(got < sent.size() && message->payload == sent[got], "every frame comes, in order");
      ++got;
    }
  }
  Require(got == sent.size(), "no frame is lost");
  Require(decoder.garbage_bytes() + decoder.pending_bytes() + frame_bytes == stream.size(),
          "every byte is counted");
}

// Bytes as they come, forged frames among them.
void DecodeRaw(const std::string& bytes) {
  protocol::FrameDecoder decoder;
  decoder.Reset(kCookie);
  decoder.Feed(bytes);
  while (const auto message = decoder.Next()) ReadAll(*message);
  internal::Message message;
  message.payload = bytes;
  ReadAll(message);
}

}  // namespace
}  // namespace testcell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testcell::fuzz::Input input(data, size);
  if (input.Byte() % 2 == 0) {
    testcell::fuzz::Decode(&input);
  } else {
    testcell::fuzz::DecodeRaw(input.Rest());
  }
  return 0;
}
