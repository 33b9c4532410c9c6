#include "supervisor/unit_log.h"

#include <gtest/gtest.h>

#include <string>

namespace testcell::supervisor {
namespace {

using internal::Event;
using internal::Message;
using internal::MessageType;

// The log's events, a letter each: text as itself, messages as <payload>.
std::string Drain(UnitLog* log) {
  std::string text;
  while (const auto event = log->Next()) {
    if (event->kind == Event::Kind::kEnd) return text + ".";
    text += event->kind == Event::Kind::kOutput ? event->text : "<" + event->message.payload + ">";
  }
  return text;
}

Message Sent(std::uint32_t mark, const std::string& payload) {
  return {MessageType::kPart, mark, payload};
}

TEST(UnitLog, AMessageStandsWhereItsMarkIs) {
  Spool spool;
  UnitLog log(&spool, 1);
  log.AddMessage(Sent(1, "m"));
  EXPECT_EQ(Drain(&log), "") << "the text before the mark may still come";
  log.AddText(0, "a");
  log.AddMark(0, 1);
  log.AddText(0, "b");
  EXPECT_EQ(Drain(&log), "a<m>b");
  log.End({});
  EXPECT_EQ(Drain(&log), ".");
}

TEST(UnitLog, TextAfterAMarkWaitsForTheMessage) {
  Spool spool;
  UnitLog log(&spool, 1);
  log.AddText(0, "a");
  log.AddMark(0, 1);
  log.AddText(0, "b");
  EXPECT_EQ(Drain(&log), "a");
  log.AddMessage(Sent(1, "m"));
  EXPECT_EQ(Drain(&log), "<m>b");
}

TEST(UnitLog, BothStreamsReachTheMark) {
  Spool spool;
  UnitLog log(&spool, 2);
  log.AddMessage(Sent(1, "m"));
  log.AddMark(0, 1);
  EXPECT_EQ(Drain(&log), "");
  log.AddText(1, "e");
  log.AddMark(1, 1);
  EXPECT_EQ(Drain(&log), "e<m>");
}

TEST(UnitLog, WhatIsLostHoldsNobodyUpInTheEnd) {
  Spool spool;
  UnitLog log(&spool, 2);
  log.AddMessage(Sent(1, "no mark came"));
  log.AddText(0, "a");
  log.AddMark(0, 2);  // no message came
  log.AddText(0, "b");
  log.End({});
  EXPECT_EQ(Drain(&log), "a<no mark came>b.");
}

TEST(Spool, KeepsWhatDoesNotFitIntoMemory) {
  Spool spool(10);
  std::string text(3 << 20, 'x');
  text.back() = 'y';
  Spool::Piece small = spool.Keep("small");
  Spool::Piece large = spool.Keep(text);
  EXPECT_TRUE(large.text.empty()) << "it belongs into the file";
  std::string part;
  EXPECT_TRUE(spool.Take(&small, &part));
  EXPECT_EQ(part, "small");
  std::string all;
  bool last = false;
  while (!last) {
    last = spool.Take(&large, &part);
    EXPECT_LE(part.size(), 1u << 20);
    all += part;
  }
  EXPECT_EQ(all, text);
}

}  // namespace
}  // namespace testcell::supervisor
