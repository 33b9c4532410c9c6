#include "testcell/gtest.h"

int main(int argc, char** argv) {
  testcell::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
