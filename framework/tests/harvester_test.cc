#include "supervisor/harvester.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace testcell::supervisor {
namespace {

// A directory of the host, and what tests changed there, as cells keep it.
class HarvesterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "harvester-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    home_ = name;
    std::filesystem::create_directory(home_ / "host");
    const char* const place = std::getenv("TMPDIR");
    if (place != nullptr) place_before_ = place;
    ::setenv("TMPDIR", home_.c_str(), 1);  // a harvester that is killed leaves something there
    auto plan = std::make_unique<cell::Plan>();
    plan->cwd = (home_ / "host").string();
    plan->carry.emplace_back("*");
    plan->carry_places.push_back({plan->cwd, "upper", true, false});
    plans_.push_back(std::move(plan));
  }
  void TearDown() override {
    std::filesystem::remove_all(home_);
    place_before_ ? ::setenv("TMPDIR", place_before_->c_str(), 1) : ::unsetenv("TMPDIR");
  }

  Harvester::Job Job(int unit, const std::string& text) {
    const auto base = home_ / std::to_string(unit);
    std::filesystem::create_directories(base / "upper");
    std::ofstream(base / "upper" / "file") << text;
    Harvester::Job job;
    job.unit = unit;
    job.name = "Test." + std::to_string(unit);
    job.plan = 0;
    job.base.Reset(::open(base.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    return job;
  }

  static Harvester::Harvest Await(Harvester* harvester) {
    for (;;) {
      if (auto harvest = harvester->Take()) return *harvest;
      pollfd event{harvester->fd(), POLLIN, 0};
      ::poll(&event, 1, -1);
    }
  }

  std::string OnHost() const {
    std::ifstream file(home_ / "host" / "file");
    return std::string(std::istreambuf_iterator<char>(file), {});
  }

  std::filesystem::path home_;
  std::optional<std::string> place_before_;
  std::vector<std::unique_ptr<cell::Plan>> plans_;
};

// The one child of this process.
pid_t Child() {
  std::ifstream file("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  pid_t pid = -1;
  file >> pid;
  return pid;
}

TEST_F(HarvesterTest, AnswersInTheOrderOfTheJobs) {
  Harvester harvester(plans_);
  EXPECT_FALSE(harvester.Take());
  for (int unit = 0; unit < 3; ++unit) harvester.Add(Job(unit, unit < 2 ? "same" : "other"));
  for (int unit = 0; unit < 3; ++unit) {
    const Harvester::Harvest harvest = Await(&harvester);
    EXPECT_EQ(harvest.unit, unit);
    const std::string path = (home_ / "host" / "file").string();
    if (unit < 2) {
      EXPECT_EQ(harvest.carried.paths, std::vector<std::string>{path});
      EXPECT_TRUE(harvest.carried.errors.empty());
    } else {
      EXPECT_TRUE(harvest.carried.paths.empty());
      EXPECT_EQ(
          harvest.carried.errors,
          std::vector<std::string>{"file was already carried back by Test.0 with other content"});
    }
  }
  EXPECT_FALSE(harvester.Take());
  EXPECT_EQ(OnHost(), "") << "while tests run";
  EXPECT_TRUE(harvester.Settle().empty());
  EXPECT_EQ(OnHost(), "same");
}

TEST_F(HarvesterTest, TellsOfItsOwnDeath) {
  Harvester harvester(plans_);
  harvester.Add(Job(0, "before"));
  EXPECT_TRUE(Await(&harvester).carried.errors.empty());
  ASSERT_GT(Child(), 0);
  ::kill(Child(), SIGKILL);
  for (int unit = 1; unit < 3; ++unit) harvester.Add(Job(unit, "after"));
  for (int unit = 1; unit < 3; ++unit) {
    const Harvester::Harvest harvest = Await(&harvester);
    EXPECT_EQ(harvest.unit, unit);
    EXPECT_EQ(harvest.carried.errors,
              std::vector<std::string>{"the process that carries files back has died"});
  }
  EXPECT_EQ(harvester.fd(), -1);
  EXPECT_EQ(harvester.Settle(),
            std::vector<std::string>{"the process that carries files back has died"});
}

TEST_F(HarvesterTest, TellsWhatFoundNoPlaceInTheEnd) {
  Harvester harvester(plans_);
  harvester.Add(Job(0, "text"));
  EXPECT_TRUE(Await(&harvester).carried.errors.empty());
  std::filesystem::remove(home_ / "host");
  EXPECT_EQ(harvester.Settle(),
            std::vector<std::string>{(home_ / "host" / "file").string() +
                                     " can't be carried back: ENOENT (No such file or directory)"});
}

TEST_F(HarvesterTest, EndsWithItsOwner) {
  pid_t child;
  {
    Harvester harvester(plans_);
    child = Child();
    ASSERT_GT(child, 0);
    harvester.Add(Job(0, "text"));
    EXPECT_TRUE(Await(&harvester).carried.errors.empty());
  }
  EXPECT_NE(::kill(child, 0), 0);
  EXPECT_EQ(OnHost(), "text") << "the host has what was taken";
}

}  // namespace
}  // namespace testcell::supervisor
