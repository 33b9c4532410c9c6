// Tests that use their working directory and the rest of the file system.
#include <dirent.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "tools.h"

namespace habits {
namespace {

// What every test makes under the same name, so that no two could do it in one
// place at once.
class Directory : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::mkdir("habits-directory", 0755), 0) << Error(); }
  void TearDown() override {
    EXPECT_EQ(std::system("rm -r habits-directory"), 0);
    EXPECT_NE(::access("habits-directory", F_OK), 0);
  }
  const std::string path_ = "habits-directory/file";
};

TEST_F(Directory, HoldsAFile) {
  ASSERT_TRUE(Write(path_, "text")) << Error();
  EXPECT_EQ(Read(path_), "text");
  EXPECT_EQ(::rename(path_.c_str(), "habits-directory/other"), 0) << Error();
  EXPECT_EQ(::link("habits-directory/other", path_.c_str()), 0) << Error();
  struct stat one;
  struct stat other;
  EXPECT_EQ(::stat(path_.c_str(), &one), 0);
  EXPECT_EQ(::stat("habits-directory/other", &other), 0);
  EXPECT_EQ(one.st_ino, other.st_ino);
  EXPECT_EQ(one.st_nlink, 2u);
  EXPECT_EQ(one.st_uid, ::geteuid());
}

TEST_F(Directory, IsRenamed) {
  ASSERT_EQ(::rename("habits-directory", "habits-renamed"), 0) << Error();
  ASSERT_EQ(::rename("habits-renamed", "habits-directory"), 0) << Error();
}

TEST_F(Directory, IsTheWorkingDirectory) {
  char before[4096];
  ASSERT_NE(::getcwd(before, sizeof before), nullptr);
  ASSERT_EQ(::chdir("habits-directory"), 0);
  EXPECT_TRUE(Write("file", "x"));
  char within[4096];
  EXPECT_NE(::getcwd(within, sizeof within), nullptr);
  EXPECT_EQ(std::string(within), std::string(before) + "/habits-directory");
  ASSERT_EQ(::chdir(before), 0);
  EXPECT_EQ(Read(path_), "x");
}

TEST_F(Directory, HasModes) {
  const mode_t before = ::umask(027);
  const int fd = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
  ::umask(before);
  ASSERT_GE(fd, 0);
  struct stat status;
  EXPECT_EQ(::fstat(fd, &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_EQ(before, 022u);
  ::close(fd);
}

TEST_F(Directory, HoldsAProgram) {
  ASSERT_TRUE(Write(path_, "#!/bin/sh\nexit 8\n"));
  ASSERT_EQ(::chmod(path_.c_str(), 0755), 0);
  EXPECT_EQ(WEXITSTATUS(std::system("./habits-directory/file")), 8);
}

TEST_F(Directory, IsLocked) {
  const int fd = ::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0) << Error();
  const int other = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  EXPECT_EQ(::flock(other, LOCK_EX | LOCK_NB), -1);
  EXPECT_EQ(errno, EWOULDBLOCK);
  ::close(other);
  ::close(fd);
}

TEST_F(Directory, IsMapped) {
  const int fd = ::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::ftruncate(fd, 4096), 0) << Error();
  void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(memory, MAP_FAILED) << Error();
  std::strcpy(static_cast<char*>(memory), "mapped");
  EXPECT_EQ(Read(path_).substr(0, 6), "mapped");
  ::munmap(memory, 4096);
  ::close(fd);
}

TEST_F(Directory, HoldsASparseFile) {
  const int fd = ::open(path_.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(::ftruncate(fd, off_t{1} << 32), 0) << Error();
  EXPECT_EQ(::pwrite(fd, "x", 1, (off_t{1} << 32) - 1), 1) << Error();
  EXPECT_EQ(::posix_fallocate(fd, 0, 1 << 16), 0);
  ::close(fd);
}

TEST_F(Directory, HoldsAFileWithoutAName) {
  const int fd = ::open("habits-directory", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  EXPECT_GE(fd, 0) << Error();
  ::close(fd);
}

TEST_F(Directory, IsWatched) {
  const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  ASSERT_GE(fd, 0) << Error();
  ASSERT_GE(::inotify_add_watch(fd, "habits-directory", IN_CREATE), 0) << Error();
  ASSERT_TRUE(Write(path_, "x"));
  char events[512];
  EXPECT_GT(::read(fd, events, sizeof events), 0) << Error();
  ::close(fd);
}

TEST_F(Directory, HoldsASocket) {
  const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path_.c_str());
  const auto* const name = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_EQ(::bind(server, name, sizeof address), 0) << Error();
  ASSERT_EQ(::listen(server, 1), 0) << Error();
  const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::connect(client, name, sizeof address), 0) << Error();
  ::close(client);
  ::close(server);
}

TEST_F(Directory, IsListed) {
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(Write(path_ + std::to_string(i), ""));
  DIR* const directory = ::opendir("habits-directory");
  ASSERT_NE(directory, nullptr);
  int entries = 0;
  while (::readdir(directory) != nullptr) ++entries;
  ::closedir(directory);
  EXPECT_EQ(entries, 302);
}

TEST(Files, OfTheHostAreRead) {
  EXPECT_NE(Read("/etc/passwd").find("root:"), std::string::npos);
  EXPECT_EQ(::access("/usr/bin/env", X_OK), 0);
  EXPECT_EQ(::access("/proc/self/exe", R_OK), 0);
  EXPECT_FALSE(Read("/proc/meminfo").empty());
}

TEST(Files, OfTheHostCanBeChangedByTheirOwner) {
  if (::access(".", W_OK) != 0) GTEST_SKIP() << "a directory that can't be written to";
  EXPECT_EQ(Read("habits-given"), "given");
  EXPECT_TRUE(Write("habits-given", "changed")) << Error();
  EXPECT_EQ(Read("habits-given"), "changed");
  EXPECT_TRUE(Write("habits-given", "given")) << Error();
}

TEST(Files, AreFoundBesideTheProgram) {
  char path[4096] = "";
  ASSERT_GT(::readlink("/proc/self/exe", path, sizeof path - 1), 0);
  EXPECT_EQ(::access(path, X_OK), 0) << path << ": " << Error();
  const std::string program = ::testing::internal::GetArgvs().front();
  EXPECT_EQ(::access(program.c_str(), X_OK), 0) << program << ": " << Error();
}

TEST(Devices, AreThere) {
  char bytes[16];
  for (const char* path : {"/dev/zero", "/dev/urandom", "/dev/null", "/dev/full"}) {
    const int fd = ::open(path, O_RDWR | O_CLOEXEC);
    ASSERT_GE(fd, 0) << path << ": " << Error();
    EXPECT_GE(::read(fd, bytes, sizeof bytes), 0) << path;
    ::close(fd);
  }
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0) << Error();
  EXPECT_EQ(::grantpt(terminal), 0) << Error();
  EXPECT_EQ(::unlockpt(terminal), 0) << Error();
  const char* const name = ::ptsname(terminal);
  ASSERT_NE(name, nullptr) << Error();
  const int other = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_GE(other, 0) << name << ": " << Error();
  ::close(other);
  ::close(terminal);
}

TEST(SharedMemory, IsMadeAndTaken) {
  const int fd = ::shm_open("/habits-memory", O_CREAT | O_EXCL | O_RDWR, 0600);
  ASSERT_GE(fd, 0) << Error();
  EXPECT_EQ(::ftruncate(fd, 4096), 0) << Error();
  ::close(fd);
  sem_t* const semaphore = ::sem_open("/habits-semaphore", O_CREAT | O_EXCL, 0600, 1);
  ASSERT_NE(semaphore, SEM_FAILED) << Error();
  EXPECT_EQ(::sem_wait(semaphore), 0);
  ::sem_close(semaphore);
  EXPECT_EQ(::sem_unlink("/habits-semaphore"), 0);
  EXPECT_EQ(::shm_unlink("/habits-memory"), 0);
}

TEST(TemporaryFiles, AreMade) {
  char name[] = "/tmp/habits-XXXXXX";
  const int fd = ::mkstemp(name);
  ASSERT_GE(fd, 0) << Error();
  ::close(fd);
  EXPECT_EQ(::unlink(name), 0);
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr) << Error();
  std::fclose(file);
  const std::string directory = testing::TempDir();
  EXPECT_TRUE(Write(directory + "habits-file", "x")) << directory;
  EXPECT_EQ(::unlink((directory + "habits-file").c_str()), 0);
}

}  // namespace
}  // namespace habits
