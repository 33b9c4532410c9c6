// Tests that print what and how tests print, and read what there is to read.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include "tools.h"

namespace habits {
namespace {

TEST(Output, OfEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256 * 64; ++i) bytes += static_cast<char>(i % 256);
  std::cout << bytes << std::endl;
  EXPECT_EQ(bytes.size(), 256u * 64);
}

TEST(Output, WithoutNewline) {
  std::fputs("no newline", stdout);
  std::cout << "nor here";
  std::cerr << "nor there";
}

TEST(Output, OfManyKinds) {
  std::printf("printf\n");
  std::cout << "cout\n" << std::flush;
  std::fflush(stdout);
  (void)!::write(STDOUT_FILENO, "write\n", 6);
  iovec parts[2] = {{const_cast<char*>("wri"), 3}, {const_cast<char*>("tev\n"), 4}};
  (void)!::writev(STDOUT_FILENO, parts, 2);
  ::dprintf(STDERR_FILENO, "dprintf\n");
  EXPECT_EQ(std::system("echo a program"), 0);
  std::thread([] { std::printf("a thread\n"); }).join();
}

TEST(Output, ByTheNamesOfItsDescriptors) {
  for (const char* path : {"/dev/stdout", "/dev/stderr", "/proc/self/fd/1"}) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    ASSERT_GE(fd, 0) << path << ": " << Error();
    EXPECT_EQ(::dprintf(fd, "by name\n"), 8) << path;
    ::close(fd);
  }
}

TEST(Output, IsCaptured) {
  testing::internal::CaptureStdout();
  std::printf("captured\n");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "captured\n");
  std::printf("shown\n");
}

TEST(Output, IsSentElsewhereAndBack) {
  std::fflush(stdout);
  const int before = ::dup(STDOUT_FILENO);
  const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(::dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
  std::printf("nowhere\n");
  std::fflush(stdout);
  ASSERT_EQ(::dup2(before, STDOUT_FILENO), STDOUT_FILENO);
  std::printf("here again\n");
  ::close(fd);
  ::close(before);
}

TEST(Output, FailsWhileItIsSentElsewhere) {
  std::fflush(stdout);
  const int before = ::dup(STDOUT_FILENO);
  ASSERT_EQ(::close(STDOUT_FILENO), 0);
  const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(fd, STDOUT_FILENO);
  std::printf("nowhere\n");
  std::fflush(stdout);
  ASSERT_EQ(::dup2(before, STDOUT_FILENO), STDOUT_FILENO);
  ::close(before);
}

TEST(Output, IsNoTerminal) {
  EXPECT_EQ(::isatty(STDOUT_FILENO), 0);
  EXPECT_EQ(::isatty(STDERR_FILENO), 0);
}

TEST(Input, IsAtItsEnd) {
  char byte;
  EXPECT_EQ(::read(STDIN_FILENO, &byte, 1), 0);
  EXPECT_EQ(std::getchar(), EOF);
  std::string line;
  EXPECT_FALSE(std::getline(std::cin, line));
}

TEST(Input, TakesTheLowestFreeNumber) {
  ASSERT_EQ(::close(STDIN_FILENO), 0);
  EXPECT_EQ(::open("/dev/null", O_RDONLY), STDIN_FILENO);
}

}  // namespace
}  // namespace habits
