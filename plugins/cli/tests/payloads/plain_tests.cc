// More tests of a program that knows nothing of testcell, beside those of
// plugins/ctest/tests/project.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

std::string g_words;

TEST(Outcome, Exits) {
  std::printf("before the exit\n");
  std::exit(3);
}

class Surroundings : public ::testing::Test {
 public:
  static void TearDownTestSuite() { ADD_FAILURE() << "the suite's tear-down fails"; }
};
TEST_F(Surroundings, Test) {}

TEST(Prints, Out) {
  std::printf("out\nno newline");
  std::fprintf(stderr, "error\n");
}

TEST(Flaky, FailsAtFirst) {
  std::ofstream("attempts", std::ios::app) << '.';
  EXPECT_GT(std::ifstream("attempts", std::ios::ate).tellg(), 1);
}

TEST(Words, AreOurs) {
  std::printf("words: %s\n", g_words.c_str());
  std::printf("seed: %d\n", ::testing::UnitTest::GetInstance()->random_seed());
}

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) g_words += (i == 1 ? "" : " ") + std::string(argv[i]);
  return RUN_ALL_TESTS();
}
