#include "testcell/internal/flags.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace testcell::internal {
namespace {

// An argv that ParseFlags may write to.
class Arguments {
 public:
  explicit Arguments(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (std::string& text : texts_) pointers_.push_back(text.data());
    count_ = static_cast<int>(pointers_.size());
    pointers_.push_back(nullptr);
  }
  int* count() { return &count_; }
  char** values() { return pointers_.data(); }
  std::vector<std::string> left() const { return {pointers_.begin(), pointers_.begin() + count_}; }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
  int count_ = 0;
};

class FlagsTest : public ::testing::Test {
 protected:
  std::string Parse(std::vector<std::string> arguments, const NamedValues& defaults = {}) {
    Arguments argv(std::move(arguments));
    const std::string error =
        ParseFlags(CellFlagTable(&flags_), defaults, argv.count(), argv.values());
    left_ = argv.left();
    return error;
  }
  void TearDown() override { ::unsetenv("TESTCELL_TIMEOUT"); }

  CellFlags flags_;
  std::vector<std::string> left_;
};

TEST_F(FlagsTest, AreTakenOutOfTheArguments) {
  EXPECT_EQ(Parse({"program", "--testcell_jobs=7", "x", "--testcell_tmp=cow", "--other=1"}), "");
  EXPECT_EQ(flags_.jobs, 7);
  EXPECT_EQ(flags_.tmp, Tmp::kCopyOnWrite);
  EXPECT_EQ(left_, (std::vector<std::string>{"program", "x", "--other=1"}));
}

TEST_F(FlagsTest, CommandLineBeatsEnvironmentBeatsDefault) {
  EXPECT_EQ(Parse({"program"}, {{"timeout", "1s"}}), "");
  EXPECT_EQ(flags_.timeout, std::chrono::seconds(1));
  ::setenv("TESTCELL_TIMEOUT", "2m", 1);
  EXPECT_EQ(Parse({"program"}, {{"timeout", "1s"}}), "");
  EXPECT_EQ(flags_.timeout, std::chrono::minutes(2));
  EXPECT_EQ(Parse({"program", "--testcell_timeout=300ms"}, {{"timeout", "1s"}}), "");
  EXPECT_EQ(flags_.timeout, std::chrono::milliseconds(300));
}

TEST_F(FlagsTest, SayWhatIsWrong) {
  EXPECT_EQ(Parse({"program", "--testcell_net=none"}),
            "--testcell_net: 'none' is no value for it; it takes (private|host)");
  EXPECT_EQ(Parse({"program", "--testcell_colour=red"}),
            "--testcell_colour: there is no such flag; --help lists them");
  EXPECT_EQ(Parse({"program", "--testcell_jobs"}),
            "--testcell_jobs: a flag of testcell needs a value, as in --testcell_jobs=VALUE");
  EXPECT_EQ(Parse({"program"}, {{"cwd", "mine"}}),
            "testcell::SetDefault(\"cwd\"): 'mine' is no value for it; it takes "
            "(private|shared|auto)");
  ::setenv("TESTCELL_TIMEOUT", "10", 1);
  EXPECT_EQ(Parse({"program"}), "TESTCELL_TIMEOUT: '10' is no value for it; it takes DURATION");
}

TEST_F(FlagsTest, DurationsNeedAUnitUnlessZero) {
  for (const char* text : {"", "s", "1", "-1s", "1d", "1 s", "1234567890s"}) {
    std::chrono::milliseconds value{-1};
    EXPECT_FALSE(ParseDuration(text, &value)) << text;
    EXPECT_EQ(value.count(), -1);
  }
  std::chrono::milliseconds value{-1};
  EXPECT_TRUE(ParseDuration("0", &value));
  EXPECT_EQ(value.count(), 0);
  EXPECT_TRUE(ParseDuration("2h", &value));
  EXPECT_EQ(value, std::chrono::hours(2));
}

TEST(Filter, FollowsGoogleTest) {
  EXPECT_TRUE(MatchesFilter("A.*:B.?", "B.x"));
  EXPECT_FALSE(MatchesFilter("A.*:B.?", "B.xy"));
  EXPECT_TRUE(MatchesFilter("-A.*", "B.x"));
  EXPECT_FALSE(MatchesFilter("*-A.*", "A.x"));
  EXPECT_FALSE(MatchesFilter("", "A.x"));
}

// Each star that is tried again for every place of all the others takes for ever.
TEST(Filter, OfManyStarsComesToAnEnd) {
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "*a";
  const std::string name(200, 'a');
  EXPECT_TRUE(MatchesFilter(pattern, name));
  EXPECT_FALSE(MatchesFilter(pattern + "b", name));
}

TEST(Reports, AreFormatsWithPaths) {
  std::vector<ReportFile> reports;
  ASSERT_TRUE(ParseReports("json:/a/b.json,html:/c:d.html", &reports));
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].format, ReportFile::Format::kJson);
  EXPECT_EQ(reports[0].path, "/a/b.json");
  EXPECT_EQ(reports[1].format, ReportFile::Format::kHtml);
  EXPECT_EQ(reports[1].path, "/c:d.html");
  ASSERT_TRUE(ParseReports("", &reports));
  EXPECT_TRUE(reports.empty());
  for (const char* bad :
       {"json", "json:", "xml:a", "/a", ",", "json:a,", "json:a,,html:b", "json:a,html:a"}) {
    EXPECT_FALSE(ParseReports(bad, &reports)) << bad;
  }
}

TEST(Reports, PathsAreTakenFromHere) {
  std::vector<ReportFile> reports;
  ASSERT_TRUE(ParseReports("json:r.json", &reports));
  EXPECT_EQ(reports[0].path, std::filesystem::current_path() / "r.json");
}

}  // namespace
}  // namespace testcell::internal
