#include "protocol/frame.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace testcell::protocol {
namespace {

using internal::MessageType;

constexpr std::uint64_t kCookie = 0x1122334455667788;

std::string Frame(const std::string& payload, std::uint64_t cookie = kCookie,
                  std::uint32_t mark = 0) {
  const FrameHeader header = MakeHeader(MessageType::kPart, cookie, mark, payload);
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

FrameDecoder Fed(const std::string& bytes) {
  FrameDecoder decoder;
  decoder.Reset(kCookie);
  decoder.Feed(bytes);
  return decoder;
}

TEST(FrameDecoder, GivesWhatWasSent) {
  FrameDecoder decoder = Fed(Frame("one", kCookie, 7) + Frame(""));
  const auto first = decoder.Next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->payload, "one");
  EXPECT_EQ(first->mark, 7u);
  EXPECT_EQ(first->type, MessageType::kPart);
  ASSERT_TRUE(decoder.Next());
  EXPECT_FALSE(decoder.Next());
  EXPECT_EQ(decoder.garbage_bytes(), 0u);
}

TEST(FrameDecoder, WaitsForTheRestOfAFrame) {
  const std::string bytes = Frame("payload");
  FrameDecoder decoder = Fed("");
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    decoder.Feed(bytes.substr(i, 1));
    ASSERT_FALSE(decoder.Next()) << "after byte " << i;
  }
  decoder.Feed(bytes.substr(bytes.size() - 1));
  ASSERT_TRUE(decoder.Next());
  EXPECT_EQ(decoder.pending_bytes(), 0u);
}

TEST(FrameDecoder, FindsFramesBetweenGarbage) {
  const std::string garbage = "TECL and more TECTECL garbage, longer than a header is";
  FrameDecoder decoder = Fed(garbage + Frame("one") + garbage + Frame("two"));
  ASSERT_TRUE(decoder.Next());
  const auto second = decoder.Next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->payload, "two");
  EXPECT_EQ(decoder.garbage_bytes(), 2 * garbage.size());
}

TEST(FrameDecoder, PassesOverAnotherCellsFrames) {
  FrameDecoder decoder = Fed(Frame("stale", kCookie + 1) + Frame("ours"));
  const auto message = decoder.Next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, "ours");
}

TEST(FrameDecoder, PassesOverWhatWasChangedOnTheWay) {
  const std::string good = Frame("payload");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    FrameDecoder decoder = Fed(bad + Frame("next"));
    const auto message = decoder.Next();
    ASSERT_TRUE(message) << "byte " << i;
    EXPECT_EQ(message->payload, "next") << "byte " << i;
  }
}

TEST(FrameDecoder, SurvivesRandomBytes) {
  std::mt19937 random(20261123);
  FrameDecoder decoder = Fed("");
  const std::string good = Frame("payload");
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes.resize(random() % (bytes.size() + 1));
    decoder.Feed(bytes);
    while (decoder.Next()) {
    }
  }
  decoder.Feed(good + good);
  bool found = false;
  while (const auto message = decoder.Next()) found = message->payload == "payload";
  EXPECT_TRUE(found);
}

std::string MarkText(std::uint32_t number) {
  const Mark mark = MakeMark(kCookie, number);
  return std::string(mark.data(), mark.size());
}

TEST(MarkSplitter, SplitsTextAndMarks) {
  MarkSplitter splitter;
  splitter.Reset(kCookie);
  splitter.Feed("before" + MarkText(3) + "after");
  EXPECT_EQ(splitter.Next(false)->text, "before");
  EXPECT_EQ(splitter.Next(false)->mark, 3u);
  EXPECT_EQ(splitter.Next(false)->text, "after");
  EXPECT_FALSE(splitter.Next(false));
}

TEST(MarkSplitter, HoldsBackWhatMayBecomeAMark) {
  const std::string mark = MarkText(9);
  for (std::size_t cut = 1; cut < mark.size(); ++cut) {
    MarkSplitter splitter;
    splitter.Reset(kCookie);
    splitter.Feed("text" + mark.substr(0, cut));
    EXPECT_EQ(splitter.Next(false)->text, "text") << cut;
    EXPECT_FALSE(splitter.Next(false)) << cut;
    splitter.Feed(mark.substr(cut));
    EXPECT_EQ(splitter.Next(false)->mark, 9u) << cut;
  }
}

TEST(MarkSplitter, GivesAPartOfAMarkAsTextInTheEnd) {
  MarkSplitter splitter;
  splitter.Reset(kCookie);
  const std::string part = MarkText(9).substr(0, 10);
  splitter.Feed(part);
  EXPECT_FALSE(splitter.Next(false));
  EXPECT_EQ(splitter.Next(true)->text, part);
}

}  // namespace
}  // namespace testcell::protocol
