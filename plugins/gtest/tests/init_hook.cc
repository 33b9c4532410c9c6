// testcell::InitGoogleTest in the place of testing::InitGoogleTest, by the
// linker, for programs of others whose main is not ours to change.
#include "testcell/gtest.h"

extern "C" {
void __real__ZN7testing14InitGoogleTestEPiPPc(int* argc, char** argv);

void __wrap__ZN7testing14InitGoogleTestEPiPPc(int* argc, char** argv) {
  static bool entered = false;
  if (entered) {
    __real__ZN7testing14InitGoogleTestEPiPPc(argc, argv);
    return;
  }
  entered = true;
  testcell::InitGoogleTest(argc, argv);
}
}
