#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "report_builder.h"

namespace testcell::report {
namespace {

using ::testing::HasSubstr;

// With everything that a report may have.
Run MakeRun() {
  Recorder recorder;
  recorder.Allow({LeakKind::kFd, "fd *", "is never left"}, "");
  Leak process = MakeLeak(LeakKind::kProcess, "sleep 1000 (pid 7)");
  process.allowed = "on purpose";
  process.detail = {{"age_ms", "30"}, {"parent", "a \"b\" (pid 2)"}, {"zip", "007"}};
  Test crashed = MakeTest("A.crashes") | process | Ran{3, 40} | Escape("/srv/x");
  crashed.outcome.kind = OutcomeKind::kCrashed;
  crashed.outcome.signal = 11;
  crashed.outcome.exit_status = -1;
  crashed.outcome.cpu = std::chrono::milliseconds(12);
  crashed.outcome.max_rss_kib = 3456;
  crashed.attempts = 2;
  crashed.flaky = true;
  crashed.not_listed = 9;
  recorder.Add(crashed);
  recorder.Add(MakeTest("A.b.c") | Uses(UseKind::kTcp, "0.0.0.0:80", UsedBy::kSuiteSetUp) |
               Uses(UseKind::kPath, "/tmp/x", UsedBy::kEnvironment, true) | Shares{"/srv/x"});
  Test partial = MakeTest("B.b") | Uses(UseKind::kTcp, "0.0.0.0:80") | Ran{4, 40};
  partial.outcome.rung = Rung::kPartial;
  recorder.Add(partial);
  Test in_process = MakeTest("B.c");
  in_process.in_process = true;
  in_process.examined = false;
  in_process.outcome.kind = OutcomeKind::kSkipped;
  recorder.Add(in_process);
  for (const char* name : {"C.a", "C.b", "C.c", "C.d"}) {
    recorder.Add(MakeTest(name) | MakeLeak(LeakKind::kThread, "logger (tid 3)"));
  }
  recorder.AddLeaks("Broken", {MakeLeak(LeakKind::kZombie, "true (pid 9)")});
  Recorder::End end;
  end.jobs = 4;
  end.wall = std::chrono::milliseconds(70);
  return recorder.Finish(end);
}

TEST(ReadTest, GivesBackWhatWasWritten) {
  const std::string text = Json(MakeRun());
  report::Run run;
  ASSERT_EQ(ReadJson(text, &run), "");
  EXPECT_EQ(Json(run).substr(0, 200), text.substr(0, 200));
  run.shared_uses = MakeRun().shared_uses;  // which follow from the rest
  EXPECT_EQ(Json(run), text);
}

TEST(ReadTest, ToleratesWhatLaterVersionsAdd) {
  report::Run run;
  EXPECT_EQ(ReadJson(R"({"schema": 1, "tool": "testcell", "version": "9.9.9", "more": [{}],
                         "jobs": 1, "isolation": "off", "wall_ms": 0, "tests": [],
                         "conflicts": []})",
                     &run),
            "");
  EXPECT_EQ(run.tests.size(), 0u);
}

struct Bad {
  const char* from;
  const char* to;
  const char* error;
};

class WrongReport : public ::testing::TestWithParam<Bad> {};

TEST_P(WrongReport, IsRefusedWithThePlace) {
  std::string text = Json(MakeRun());
  const std::size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos) << GetParam().from;
  text.replace(at, std::string(GetParam().from).size(), GetParam().to);
  report::Run run;
  EXPECT_EQ(ReadJson(text, &run), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongReport,
    ::testing::Values(
        Bad{"\"schema\": 1", "\"schema\": 2", "its schema is 2, and only 1 is known"},
        Bad{"\"schema\": 1", "\"schema\": \"1\"", "schema is no number from 0 to 100000000"},
        Bad{"\"schema\": 1,", "", "schema is missing"},
        Bad{"\"testcell\"", "\"other\"", "it is no report of testcell's"},
        Bad{"\"jobs\": 4", "\"jobs\": 0", "jobs is no number from 1 to 100000000"},
        Bad{"\"jobs\": 4", "\"jobs\": 4.5", "jobs is no number from 1 to 100000000"},
        Bad{"\"jobs\": 4", "\"jobs\": 18446744073709551615",
            "jobs is no number from 1 to 100000000"},
        Bad{"\"wall_ms\": 70", "\"wall_ms\": -1", "wall_ms is no number from 0 to 1000000000000"},
        Bad{"\"tests\": [", "\"tests\": 3, \"x\": [", "tests is no array"},
        Bad{"\"A.crashes\"", "\"none\"", "tests[0].name is no 'Suite.Case'"},
        Bad{"\"A.crashes\"", "null", "tests[0].name is no text"},
        Bad{"\"B.b\"", "\"A.b.c\"", "tests[2] is 'A.b.c' once more"},
        Bad{"\"crashed\"", "\"fine\"", "tests[0].outcome is 'fine', which is none that is known"},
        Bad{"\"SIGSEGV\"", "\"SIGNONE\"", "tests[0].signal is no signal"},
        Bad{"\"flaky\": true", "\"flaky\": 1", "tests[0].flaky is neither true nor false"},
        Bad{"\"zip\": \"007\"", "\"zip\": 0.7",
            "tests[0].leaks[0].detail has a 'zip' that is no text, whole number or truth value"},
        Bad{"\"suite_setup\"", "\"somebody\"", "tests[1].uses[0].by is no set-up"},
        Bad{"\"C.a\",\n    \"C.b\"", "\"C.z\"", "leaks[0].tests has 'C.z', which did not run"}));

TEST(ReadTest, NamesThePlaceOfWhatIsNoJson) {
  report::Run run;
  EXPECT_EQ(ReadJson("", &run), "not JSON at byte 1");
  EXPECT_EQ(ReadJson("{\"schema\": 1,", &run), "not JSON at byte 14");
  EXPECT_EQ(ReadJson("{\"a\": 1e999}", &run), "not JSON");
  EXPECT_EQ(ReadJson("[]", &run), "it is no report of testcell's");
  EXPECT_EQ(ReadJson(std::string(5'000'000, '['), &run), "it is nested too deep");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  EXPECT_EQ(ReadJson(deep, &run), "it is nested too deep");
}

// Whatever a text is: a sentence, or a run that can be written and read again.
TEST(ReadTest, SurvivesDamagedReports) {
  const std::string whole = Json(MakeRun());
  std::mt19937 random(6);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same in every run
  const auto below = [&](std::size_t end) { return random() % end; };
  const std::string pieces[] = {"0",    "-1",   "99999999999999999999",
                                "null", "{}",   "[]",
                                "\"\"", "true", "1.5",
                                ",",    "\"",   "}",
                                "]",    "\xff", "\\u0000"};
  int readable = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string text = whole;
    for (std::size_t changes = 1 + below(3); changes > 0; --changes) {
      const std::size_t at = below(text.size());
      const std::string& piece = pieces[below(std::size(pieces))];
      text.replace(at, below(4) == 0 ? below(50) : 1, below(2) == 0 ? piece : std::string());
    }
    if (below(10) == 0) text.resize(below(text.size()));
    report::Run run;
    if (!ReadJson(text, &run).empty()) continue;
    ++readable;
    const std::string again = Json(Merge({run}));
    EXPECT_EQ(ReadJson(again, &run), "") << again;
  }
  EXPECT_GT(readable, 0);
}

}  // namespace
}  // namespace testcell::report
