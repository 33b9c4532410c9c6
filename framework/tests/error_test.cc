#include "posix/error.h"

#include <gtest/gtest.h>

#include <string>
#include <system_error>

namespace testcell::posix {
namespace {

TEST(Error, NamesTheErrnoOnce) {
  try {
    ThrowErrno(EACCES, "cannot open {}", "/a/file");
    FAIL() << "nothing was thrown";
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "cannot open /a/file: EACCES (Permission denied)");
    EXPECT_EQ(error.code(), std::errc::permission_denied);
    EXPECT_EQ(error.code().value(), EACCES);
  }
}

TEST(Error, WithoutAName) {
  constexpr int kNoErrno = 4711;
  EXPECT_EQ(ErrnoText(kNoErrno), "error 4711");
  EXPECT_EQ(ErrnoCategory().message(kNoErrno), "error 4711");
}

}  // namespace
}  // namespace testcell::posix
