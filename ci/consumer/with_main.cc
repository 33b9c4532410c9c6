#include <testcell/gtest.h>

namespace {

class Marked : public testcell::Test {
 public:
  static testcell::Options CellOptions() {
    testcell::Options options;
    options.host_name = "consumer";
    return options;
  }
};

TEST_F(Marked, RunsInACell) { EXPECT_TRUE(testcell::InCell()); }
TEST(Unmarked, RunsInTheParent) { EXPECT_FALSE(testcell::InCell()); }

}  // namespace

int main(int argc, char** argv) {
  testcell::SetDefault("isolate", "marked");
  testcell::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
