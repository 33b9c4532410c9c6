// The status line's numbers and its text; what a terminal shows of it is tested
// with the plugin.
#include <gtest/gtest.h>

#include "supervisor/tally.h"

namespace testcell::supervisor {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

internal::UnitSpec Spec(const char* name, milliseconds expected, int tests = 1) {
  internal::UnitSpec spec;
  spec.name = name;
  spec.expected = expected;
  spec.tests = tests;
  return spec;
}

TEST(Status, CountsTestsAndNamesTheLongest) {
  const internal::UnitSpec specs[] = {Spec("A.a", seconds(0)), Spec("A.b", seconds(0)),
                                      Spec("A.c", seconds(0)), Spec("A.d", seconds(0))};
  Tally tally;
  for (const auto& spec : specs) tally.Add(spec);
  for (int i = 0; i < 3; ++i) tally.Start(specs[i]);
  tally.End(specs[0], 1);
  const auto progress = tally.Now(2, {{&specs[1], seconds(2)}, {&specs[2], milliseconds(61'900)}});
  EXPECT_FALSE(progress.left.has_value()) << "there is no history";
  EXPECT_EQ(StatusText(progress, 80),
            "[ testcell ] 1 of 4 done, 2 running, 1 failed; longest: A.c 1:01");
}

TEST(Status, WhatIsLeftIsDividedByTheJobs) {
  const internal::UnitSpec specs[] = {Spec("A.a", seconds(40)), Spec("A.b", seconds(20)),
                                      Spec("A.new", seconds(0))};
  Tally tally;
  for (const auto& spec : specs) tally.Add(spec);
  // The unknown one is taken to last 30 s, as the others do on average.
  EXPECT_EQ(tally.Now(1, {}).left, seconds(90));
  EXPECT_EQ(tally.Now(3, {}).left, seconds(30));
  tally.Start(specs[0]);
  EXPECT_EQ(tally.Now(3, {{&specs[0], seconds(1)}}).left, seconds(39)) << "no less than one test";
  EXPECT_EQ(tally.Now(1, {{&specs[0], seconds(60)}}).left, seconds(50)) << "it takes longer now";
  tally.TakeBack(specs[0]);
  EXPECT_EQ(tally.Now(1, {}).left, seconds(90));
}

TEST(Status, ASuiteThatGoesOnInAnotherCellIsNotDone) {
  internal::UnitSpec rest = Spec("A.c", seconds(0), 2);
  rest.dormant = true;
  const internal::UnitSpec first = Spec("A.a", seconds(0), 4);
  Tally tally;
  tally.Add(first);
  tally.Add(rest);
  tally.Start(first);
  tally.End(first, 1);
  EXPECT_EQ(tally.Now(1, {}).done, 4);
  tally.Wake(rest);
  tally.Start(rest);
  EXPECT_EQ(tally.Now(1, {}).done, 2);
  tally.End(rest, 0);
  EXPECT_EQ(tally.Now(1, {}).done, 4);
  EXPECT_EQ(tally.Now(1, {}).total, 4);
}

TEST(Status, TheTextFitsAndIsPrintable) {
  internal::Progress progress;
  progress.total = 3;
  progress.running = 1;
  progress.slowest = "Suite.\x1b[31m\n\xc3\xa4";
  progress.left = hours(2) + seconds(61);
  EXPECT_EQ(StatusText(progress, 200),
            "[ testcell ] 0 of 3 done, 1 running, 2:01:01 left; longest: Suite.?[31m??? 0:00");
  EXPECT_EQ(StatusText(progress, 40), "[ testcell ] 0 of 3 done, 1 running, ...");
  EXPECT_EQ(StatusText(progress, 3), "...");
  EXPECT_EQ(StatusText(progress, 2), "");
}

}  // namespace
}  // namespace testcell::supervisor
