#include "testcell/internal/shard.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace testcell::internal {
namespace {

using Environment = std::map<std::string, std::string>;

FoundShard Find(const Environment& environment) {
  return FindShard([&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

// "GitLab CI 2/3", or the error.
std::string Said(const Environment& environment) {
  const FoundShard found = Find(environment);
  if (!found.error.empty()) return found.error;
  if (found.engine.empty()) return "none";
  return found.engine + " " + std::to_string(found.index + 1) + "/" + std::to_string(found.count);
}

TEST(FindShardTest, WithoutAnEngineThereIsNoShard) {
  EXPECT_EQ(Said({}), "none");
  EXPECT_EQ(Said({{"CI", "true"}, {"CI_NODE_INDEX", ""}, {"CI_NODE_TOTAL", ""}}), "none");
  // As GitLab has it for a job without `parallel`.
  EXPECT_EQ(Said({{"CI_NODE_TOTAL", "1"}}), "none");
}

TEST(FindShardTest, EachEngineCountsInItsOwnWay) {
  EXPECT_EQ(Said({{"GTEST_SHARD_INDEX", "1"}, {"GTEST_TOTAL_SHARDS", "3"}}), "GoogleTest 2/3");
  EXPECT_EQ(Said({{"TEST_SHARD_INDEX", "1"}, {"TEST_TOTAL_SHARDS", "3"}}), "Bazel 2/3");
  EXPECT_EQ(Said({{"BUILDKITE_PARALLEL_JOB", "1"}, {"BUILDKITE_PARALLEL_JOB_COUNT", "3"}}),
            "Buildkite 2/3");
  EXPECT_EQ(Said({{"CIRCLE_NODE_INDEX", "1"}, {"CIRCLE_NODE_TOTAL", "3"}}), "CircleCI 2/3");
  EXPECT_EQ(Said({{"CI_NODE_INDEX", "2"}, {"CI_NODE_TOTAL", "3"}}), "GitLab CI 2/3");
  EXPECT_EQ(Said({{"JOB_COMPLETION_INDEX", "1"}, {"JOB_COMPLETION_TOTAL", "3"}}), "Kubernetes 2/3");
}

Environment Slurm(const char* id, const char* minimum, const char* maximum, const char* step,
                  const char* count) {
  return {{"SLURM_ARRAY_TASK_ID", id},
          {"SLURM_ARRAY_TASK_MIN", minimum},
          {"SLURM_ARRAY_TASK_MAX", maximum},
          {"SLURM_ARRAY_TASK_STEP", step},
          {"SLURM_ARRAY_TASK_COUNT", count}};
}

TEST(FindShardTest, SlurmsArraysBeginAnywhereAndHaveSteps) {
  EXPECT_EQ(Said(Slurm("0", "0", "4", "1", "5")), "Slurm 1/5");
  EXPECT_EQ(Said(Slurm("7", "3", "9", "2", "4")), "Slurm 3/4");
  EXPECT_EQ(Said(Slurm("8", "8", "8", "0", "1")), "Slurm 1/1");
  const std::string uneven =
      " (Slurm): the array's ids are not evenly spaced, so that this one's place is not known";
  EXPECT_EQ(Said(Slurm("4", "1", "9", "1", "3")),
            "SLURM_ARRAY_TASK_ID=4, SLURM_ARRAY_TASK_MIN=1, SLURM_ARRAY_TASK_MAX=9, "
            "SLURM_ARRAY_TASK_STEP=1, SLURM_ARRAY_TASK_COUNT=3" +
                uneven);
  EXPECT_NE(Said(Slurm("4", "1", "5", "2", "3")).find(uneven), std::string::npos);
  EXPECT_NE(Said(Slurm("1", "1", "5", "0", "3")).find(uneven), std::string::npos);
  EXPECT_NE(Said(Slurm("1", "1", "", "1", "3")).find(uneven), std::string::npos);
  EXPECT_NE(Said(Slurm("9", "1", "3", "1", "3")).find("there is no such shard"), std::string::npos);
}

TEST(FindShardTest, WhatIsNoShardIsRefusedWithTheVariables) {
  EXPECT_EQ(Said({{"CI_NODE_INDEX", "0"}, {"CI_NODE_TOTAL", "3"}}),
            "CI_NODE_INDEX=0, CI_NODE_TOTAL=3 (GitLab CI): there is no such shard: CI_NODE_INDEX "
            "counts from 1");
  EXPECT_EQ(Said({{"CIRCLE_NODE_INDEX", "3"}, {"CIRCLE_NODE_TOTAL", "3"}}),
            "CIRCLE_NODE_INDEX=3, CIRCLE_NODE_TOTAL=3 (CircleCI): there is no such shard: "
            "CIRCLE_NODE_INDEX counts from 0");
  EXPECT_EQ(Said({{"JOB_COMPLETION_INDEX", "0"}}),
            "JOB_COMPLETION_INDEX=0 (Kubernetes): the number of shards is missing: set "
            "JOB_COMPLETION_TOTAL in the pod's template to the Job's .spec.completions, which "
            "Kubernetes does not tell its pods");
  EXPECT_EQ(Said({{"TEST_TOTAL_SHARDS", "2"}}),
            "TEST_TOTAL_SHARDS=2 (Bazel): TEST_SHARD_INDEX is not set");
  for (const char* bad : {"-1", "x", " 1", "1 ", "+1", "0x1", "1e0", "9999999999"}) {
    EXPECT_EQ(Said({{"CIRCLE_NODE_INDEX", "0"}, {"CIRCLE_NODE_TOTAL", bad}}),
              std::string("CIRCLE_NODE_INDEX=0, CIRCLE_NODE_TOTAL=") + bad +
                  " (CircleCI): CIRCLE_NODE_TOTAL is no number of shards");
    EXPECT_NE(Find({{"CIRCLE_NODE_INDEX", bad}, {"CIRCLE_NODE_TOTAL", "9"}}).error, "") << bad;
  }
}

TEST(FindShardTest, GoogleTestsOwnVariablesDecideThenBazels) {
  Environment environment = {{"CI_NODE_INDEX", "2"}, {"CI_NODE_TOTAL", "3"}};
  environment.insert({{"TEST_SHARD_INDEX", "3"}, {"TEST_TOTAL_SHARDS", "4"}});
  EXPECT_EQ(Said(environment), "Bazel 4/4");
  environment.insert({{"GTEST_SHARD_INDEX", "4"}, {"GTEST_TOTAL_SHARDS", "5"}});
  EXPECT_EQ(Said(environment), "GoogleTest 5/5");
  environment["CI_NODE_INDEX"] = "nonsense";
  EXPECT_EQ(Said(environment), "GoogleTest 5/5");
  environment["GTEST_SHARD_INDEX"] = "5";
  EXPECT_EQ(Said(environment),
            "GTEST_SHARD_INDEX=5, GTEST_TOTAL_SHARDS=5 (GoogleTest): there is no such shard: "
            "GTEST_SHARD_INDEX counts from 0");
}

TEST(FindShardTest, SeveralEnginesHaveToAgree) {
  Environment environment = {{"CI_NODE_INDEX", "2"}, {"CI_NODE_TOTAL", "3"}};
  environment.insert({{"JOB_COMPLETION_INDEX", "1"}, {"JOB_COMPLETION_TOTAL", "3"}});
  EXPECT_EQ(Said(environment), "GitLab CI 2/3");
  environment["JOB_COMPLETION_INDEX"] = "2";
  EXPECT_EQ(Said(environment),
            "two engines name different shards: CI_NODE_INDEX=2, CI_NODE_TOTAL=3 (GitLab CI) and "
            "JOB_COMPLETION_INDEX=2, JOB_COMPLETION_TOTAL=3 (Kubernetes); GTEST_TOTAL_SHARDS and "
            "GTEST_SHARD_INDEX would decide");
}

TEST(FindShardTest, ASingleJobOfAnEngineDividesNothing) {
  Environment environment = {{"CIRCLE_NODE_INDEX", "0"}, {"CIRCLE_NODE_TOTAL", "1"}};
  EXPECT_EQ(Said(environment), "CircleCI 1/1");
  environment.insert({{"JOB_COMPLETION_INDEX", "1"}, {"JOB_COMPLETION_TOTAL", "3"}});
  EXPECT_EQ(Said(environment), "Kubernetes 2/3");
  environment.insert({{"SLURM_ARRAY_TASK_ID", "0"},
                      {"SLURM_ARRAY_TASK_MIN", "0"},
                      {"SLURM_ARRAY_TASK_MAX", "0"},
                      {"SLURM_ARRAY_TASK_COUNT", "1"}});
  EXPECT_EQ(Said(environment), "Kubernetes 2/3");
}

TEST(FindShardTest, BazelsStatusFileIsToBeTouchedWhoeverDecides) {
  EXPECT_EQ(Find({{"TEST_SHARD_STATUS_FILE", "/x"}}).status_file, "/x");
  EXPECT_EQ(Find({{"TEST_SHARD_STATUS_FILE", "/x"},
                  {"GTEST_SHARD_INDEX", "0"},
                  {"GTEST_TOTAL_SHARDS", "2"}})
                .status_file,
            "/x");
  EXPECT_EQ(Find({}).status_file, "");
}

}  // namespace
}  // namespace testcell::internal
