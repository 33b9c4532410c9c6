#include "supervisor/schedule.h"

#include <gtest/gtest.h>

namespace testcell::supervisor {
namespace {

std::vector<Unit> Units(int count) { return std::vector<Unit>(static_cast<std::size_t>(count)); }

TEST(Schedule, StartsNoMoreThanJobs) {
  auto units = Units(3);
  Schedule schedule(2);
  schedule.Add(0, 0, 3);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 0);
  schedule.Started(&units, 0);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 1);
  schedule.Started(&units, 1);
  EXPECT_EQ(schedule.Startable(units, 0, 0), -1);
  schedule.Ended(units, 0);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 2);
}

TEST(Schedule, StartsInTheOrderThatItWasGiven) {
  auto units = Units(3);
  units[1].started = true;  // dormant
  Schedule schedule(8);
  schedule.Add(0, {2, 0, 1});
  EXPECT_EQ(schedule.Startable(units, 0, 0), 2);
  schedule.Started(&units, 2);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 0);
  schedule.Started(&units, 0);
  EXPECT_EQ(schedule.Startable(units, 0, 0), -1);
  schedule.Wake(&units, 1);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 1);
  schedule.Started(&units, 1);
  EXPECT_FALSE(schedule.Wanted(units, 0, 0));
}

TEST(Schedule, ASerialUnitIsAloneAndIsNotOvertaken) {
  auto units = Units(3);
  units[1].spec.serial = true;
  Schedule schedule(8);
  schedule.Add(0, 0, 3);
  schedule.Started(&units, 0);
  EXPECT_EQ(schedule.Startable(units, 0, 0), -1) << "0 still runs, and 2 must not pass 1";
  schedule.Ended(units, 0);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 1);
  schedule.Started(&units, 1);
  EXPECT_EQ(schedule.Startable(units, 0, 0), -1);
  schedule.Ended(units, 1);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 2);
}

TEST(Schedule, AnExclusiveResourceLetsOthersPass) {
  auto units = Units(3);
  units[0].spec.exclusive = units[1].spec.exclusive = {{"device", 1}};
  Schedule schedule(8);
  schedule.Add(0, 0, 3);
  schedule.Started(&units, 0);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 2);
  schedule.Ended(units, 0);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 1);
}

TEST(Schedule, ADormantUnitWaitsToBeWoken) {
  auto units = Units(2);
  units[1].started = true;  // as the supervisor adds a dormant one
  Schedule schedule(1);
  schedule.Add(0, 0, 2);
  schedule.Started(&units, 0);
  schedule.Ended(units, 0);
  EXPECT_EQ(schedule.Startable(units, 0, 0), -1);
  schedule.Wake(&units, 1);
  EXPECT_EQ(schedule.Startable(units, 0, 0), 1);
}

TEST(Schedule, MakesCellsInTheOrderOfThePlans) {
  auto units = Units(3);
  units[1].spec.plan = 1;
  Schedule schedule(1);
  schedule.Add(0, 0, 3);
  const auto any = [](int) { return true; };
  EXPECT_EQ(schedule.NextPlan(units, 0, 0, any), 0);
  EXPECT_EQ(schedule.NextPlan(units, 0, 1, any), 1);
  EXPECT_EQ(schedule.NextPlan(units, 0, 2, any), 0);
  EXPECT_EQ(schedule.NextPlan(units, 0, 3, any), -1);
  EXPECT_EQ(schedule.Startable(units, 0, 1), 1);
}

}  // namespace
}  // namespace testcell::supervisor
