// Output with marks in it: in whatever parts it arrives, the text comes out as it
// was written, with each mark in its place.
#include <cstdint>
#include <string>

#include "input.h"
#include "protocol/frame.h"

namespace testcell::fuzz {
namespace {

constexpr std::uint64_t kCookie = 0x1122334455667788;

constexpr std::size_t kPrefix = 16;  // what makes a mark one: magic and cookie

// Marks as a byte that no text here has, and their numbers.
void Append(const protocol::MarkSplitter::Piece& piece, std::string* to) {
  *to += piece.mark == 0 ? piece.text : "\xff" + std::to_string(piece.mark) + ";";
}

// Without the cookie's first and last byte, so that nothing in it is a mark or
// makes one of what stands before.
std::string Text(Input* input) {
  std::string text = input->Text(255);
  for (char& byte : text) {
    if (byte == '\xff' || byte == '\x88' || byte == '\x11') byte = '.';
  }
  return text;
}

void Split(Input* input) {
  std::string stream;
  std::string expected;
  while (!input->empty()) {
    const std::string text = Text(input);
    const std::uint32_t number = input->Byte() + 1u;
    const protocol::Mark mark = protocol::MakeMark(kCookie, number);
    const std::string beginning(mark.data(), input->Byte() % kPrefix);
    stream += text + beginning + std::string(mark.data(), mark.size());
    expected += text + beginning;
    Append({"", number}, &expected);
  }
  protocol::MarkSplitter splitter;
  splitter.Reset(kCookie);
  std::string got;
  std::size_t step = 1;
  for (std::size_t at = 0; at < stream.size(); at += step, step = step * 3 % 251 + 1) {
    splitter.Feed(std::string_view(stream).substr(at, step));
    while (const auto piece = splitter.Next(false)) Append(*piece, &got);
  }
  while (const auto piece = splitter.Next(true)) Append(*piece, &got);
  Require(got == expected, "text and marks come as they were written");
}

}  // namespace
}  // namespace testcell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testcell::fuzz::Input input(data, size);
  testcell::fuzz::Split(&input);
  return 0;
}
