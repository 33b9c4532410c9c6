// GoogleTest's own flags, whose names it has changed with 1.12.
#ifndef TESTCELL_GTEST_SRC_GTEST_FLAGS_H_
#define TESTCELL_GTEST_SRC_GTEST_FLAGS_H_

#include <gtest/gtest.h>

#ifdef GTEST_FLAG_GET
#define TESTCELL_GTEST_GET(name) GTEST_FLAG_GET(name)
#define TESTCELL_GTEST_SET(name, value) GTEST_FLAG_SET(name, value)
#else
#define TESTCELL_GTEST_GET(name) ::testing::GTEST_FLAG(name)
#define TESTCELL_GTEST_SET(name, value) (void)(::testing::GTEST_FLAG(name) = value)
#endif

#endif  // TESTCELL_GTEST_SRC_GTEST_FLAGS_H_
