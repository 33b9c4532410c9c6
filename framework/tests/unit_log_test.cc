#include "supervisor/unit_log.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "protocol/finding_frame.h"

namespace testcell::supervisor {
namespace {

using internal::Event;
using internal::HeldText;
using internal::Message;
using internal::MessageType;

std::string ReadAll(HeldText output) {
  std::string text;
  while (!output.empty()) text += output.Read();
  return text;
}

// The log's events, a letter each: text as itself, messages as <payload>.
std::string Drain(UnitLog* log) {
  std::string text;
  while (auto event = log->Next()) {
    if (event->kind == Event::Kind::kEnd) return text + ".";
    text += event->kind == Event::Kind::kOutput ? ReadAll(std::move(event->output))
                                                : "<" + event->message.payload + ">";
  }
  return text;
}

Message Sent(std::uint32_t mark, const std::string& payload) {
  return {MessageType::kPart, mark, payload};
}

TEST(UnitLog, AMessageStandsWhereItsMarkIs) {
  UnitLog log(Spool::Make(), 1);
  log.AddMessage(Sent(1, "m"));
  EXPECT_EQ(Drain(&log), "") << "the text before the mark may still come";
  log.AddText(0, "a");
  log.AddMark(0, 1);
  log.AddText(0, "b");
  EXPECT_EQ(Drain(&log), "a<m>b");
  log.End({});
  EXPECT_EQ(Drain(&log), ".");
}

Message LeakedFile(const std::string& path) {
  protocol::FindingFrame frame;
  frame.StartLeak(LeakKind::kFile, path);
  protocol::FrameDecoder decoder;
  decoder.Reset(1);
  decoder.Feed(frame.Finish(1));
  return *decoder.Next();
}

TEST(UnitLog, AFileThatIsCarriedBackIsNoLeak) {
  UnitLog log(Spool::Make(), 1);
  for (const char* path : {"/home/a", "/home/a.log", "/home/b.log"}) {
    log.AddMessage(LeakedFile(path));
  }
  log.SetCarried({{"/home/a.log", "/home/none"}, {"it was in the way"}});
  log.End({});
  const auto end = log.Next();
  ASSERT_TRUE(end);
  EXPECT_EQ(end->carry_errors, std::vector<std::string>{"it was in the way"});
  ASSERT_EQ(end->leaks.size(), 2u);
  EXPECT_EQ(end->leaks[0].what, "/home/a");
  EXPECT_EQ(end->leaks[1].what, "/home/b.log");
}

TEST(UnitLog, ListenersHearMessagesAtOnceAndNoFindings) {
  UnitLog log(Spool::Make(), 1);
  std::vector<std::string> heard;
  log.SetListener([&](const Message& message) { heard.push_back(message.payload); });
  log.AddMessage(Sent(1, "waits for its mark"));
  log.AddMessage(LeakedFile("/tmp/left"));
  EXPECT_EQ(Drain(&log), "");
  EXPECT_EQ(heard, std::vector<std::string>{"waits for its mark"});
  log.End({});
  ASSERT_EQ(log.leaks().size(), 1u);
  EXPECT_EQ(log.leaks()[0].what, "/tmp/left");
}

TEST(UnitLog, TextAfterAMarkWaitsForTheMessage) {
  UnitLog log(Spool::Make(), 1);
  log.AddText(0, "a");
  log.AddMark(0, 1);
  log.AddText(0, "b");
  EXPECT_EQ(Drain(&log), "a");
  log.AddMessage(Sent(1, "m"));
  EXPECT_EQ(Drain(&log), "<m>b");
}

TEST(UnitLog, BothStreamsReachTheMark) {
  UnitLog log(Spool::Make(), 2);
  log.AddMessage(Sent(1, "m"));
  log.AddMark(0, 1);
  EXPECT_EQ(Drain(&log), "");
  log.AddText(1, "e");
  log.AddMark(1, 1);
  EXPECT_EQ(Drain(&log), "e<m>");
}

TEST(UnitLog, WhatIsLostHoldsNobodyUpInTheEnd) {
  UnitLog log(Spool::Make(), 2);
  log.AddMessage(Sent(1, "no mark came"));
  log.AddText(0, "a");
  log.AddMark(0, 2);  // no message came
  log.AddText(0, "b");
  log.End({});
  EXPECT_EQ(Drain(&log), "a<no mark came>b.");
}

TEST(Spool, KeepsWhatDoesNotFitIntoMemory) {
  const auto spool = Spool::Make(1000);
  std::string text(3 << 20, 'x');
  text.back() = 'y';
  HeldText small = spool->Keep("small");
  HeldText large = spool->Keep(text);
  EXPECT_EQ(spool->in_file(), text.size());
  EXPECT_EQ(small.Read(), "small");
  EXPECT_TRUE(small.empty());
  std::string all;
  while (!large.empty()) {
    const std::string part = large.Read();
    EXPECT_LE(part.size(), 1u << 20);
    all += part;
  }
  EXPECT_EQ(all, text);
  EXPECT_EQ(spool->in_file(), 0u);
  EXPECT_EQ(spool->memory_left(), 1000u);
}

TEST(Spool, JoinsWhatFollowsEachOther) {
  constexpr std::size_t kMemory = 4000;
  const auto spool = Spool::Make(kMemory);
  HeldText one;
  HeldText other;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    one.Append(spool->Keep("part" + std::to_string(i) + ";"));
    expected += "part" + std::to_string(i) + ";";
    if (i % 100 == 0) other.Append(spool->Keep("."));
  }
  EXPECT_GT(spool->in_file(), 0u) << "that many small ones don't stay in memory";
  EXPECT_EQ(ReadAll(std::move(one)), expected);
  EXPECT_EQ(ReadAll(std::move(other)), "..........");
  EXPECT_EQ(spool->memory_left(), kMemory);
}

TEST(Spool, GivesBackWhatNobodyRead) {
  const auto spool = Spool::Make(1000);
  {
    HeldText unread = spool->Keep("in memory");
    unread.Append(spool->Keep(std::string(5000, 'x')));
    EXPECT_EQ(spool->in_file(), 5000u);
    EXPECT_LT(spool->memory_left(), 1000u);
  }
  EXPECT_EQ(spool->in_file(), 0u);
  EXPECT_EQ(spool->memory_left(), 1000u);
}

}  // namespace
}  // namespace testcell::supervisor
