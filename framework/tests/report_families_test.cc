#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "report_builder.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A test for each of these names, which it uses and leaves.
Run RunOf(const std::vector<std::string>& names) {
  Recorder recorder;
  char letter = 'a';
  for (const std::string& name : names) {
    recorder.Add(MakeTest(std::string("A.") + letter++) | Uses(UseKind::kPath, name) |
                 MakeLeak(LeakKind::kFile, name));
  }
  return recorder.Finish({});
}

std::vector<std::string> Listed(const Run& run) {
  std::vector<std::string> names;
  for (const Test& test : run.tests) {
    for (const Use& use : test.uses) {
      if (!use.made_up) names.push_back(use.name);
    }
  }
  return names;
}

TEST(Families, LettersDirectlyBehindAName) {
  const report::Run run =
      RunOf({"/tmp/logCcihar", "/tmp/logaX3b9Q", "/tmp/log0qPz7B", "/tmp/logKv9TbW"});
  EXPECT_THAT(Listed(run), IsEmpty());
  ASSERT_THAT(run.leaks, SizeIs(1));
  EXPECT_THAT(run.leaks[0].tests, ElementsAre("A.a", "A.b", "A.c", "A.d"));
}

TEST(Families, OfDirectories) {
  const report::Run run =
      RunOf({"/tmp/logCcihar/part", "/tmp/logaX3b9Q/part", "/tmp/log0qPz7B/part"});
  EXPECT_THAT(Listed(run), IsEmpty());
  EXPECT_THAT(run.leaks, SizeIs(1));
}

TEST(Families, NamesThatPeopleMake) {
  for (const std::vector<std::string>& names : std::vector<std::vector<std::string>>{
           {"/tmp/testclient", "/tmp/testserver", "/tmp/testworker"},
           {"/tmp/test123456", "/tmp/test123457", "/tmp/test123458"},
           {"/tmp/runClient", "/tmp/runServer", "/tmp/runWorker"},
           {"/tmp/client", "/tmp/server", "/tmp/worker", "/tmp/runner"}}) {
    const report::Run run = RunOf(names);
    EXPECT_EQ(Listed(run), names);
    EXPECT_THAT(run.leaks, IsEmpty()) << names[0];
  }
}

TEST(Families, ANameOfTwoTestsIsListedAndCollides) {
  const report::Run run =
      RunOf({"/tmp/logCcihar", "/tmp/logCcihar", "/tmp/logaX3b9Q", "/tmp/log0qPz7B"});
  EXPECT_THAT(Listed(run), ElementsAre("/tmp/logCcihar", "/tmp/logCcihar"));
  EXPECT_THAT(run.conflicts, SizeIs(1));
}

}  // namespace
}  // namespace testcell::report
