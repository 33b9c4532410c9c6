#include "posix/made_up.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

namespace {

using testcell::posix::FindMadeUp;

// The name with the made-up part as mkstemp(3) wants it.
std::string Template(const std::string& name) {
  std::string result = name;
  const auto made_up = FindMadeUp(name);
  return result.replace(made_up.begin, made_up.size, std::string(made_up.size, 'X'));
}

TEST(MadeUp, KnownPrefixesNeedNoLooks) {
  EXPECT_EQ(Template("gtest_captured_stream.Ccihar"), "gtest_captured_stream.XXXXXX");
  EXPECT_EQ(Template("gtest_captured_stream.server"), "gtest_captured_stream.XXXXXX");
  EXPECT_EQ(FindMadeUp("tsan.rodata.4").size, 1U);
  EXPECT_EQ(FindMadeUp("tsan.rodata").size, 0U);
  EXPECT_EQ(Template("captured_stream.abcdef"), "captured_stream.XXXXXX");
  EXPECT_EQ(Template("qt_temp.Kupole"), "qt_temp.XXXXXX");
  EXPECT_EQ(Template("qt_tempdir-Kupole"), "qt_tempdir-XXXXXX");
  EXPECT_EQ(Template("tmp.Kupolemira"), "tmp.XXXXXXXXXX");
  EXPECT_EQ(Template(".tmpKupole"), ".tmpXXXXXX");
  EXPECT_EQ(Template("tmpfile_OpLhAc"), "tmpfile_XXXXXX");
  EXPECT_EQ(Template("psm_5e1f0a3c"), "psm_XXXXXXXX");
  EXPECT_EQ(Template("sem.mp-ab_d3fg_"), "sem.mp-XXXXXXXX");
  EXPECT_EQ(Template("pymp-x8vq0c3n"), "pymp-XXXXXXXX");
  EXPECT_EQ(Template("tmp_obj_Kupole"), "tmp_obj_XXXXXX");
  EXPECT_EQ(Template("go-build1234567890"), "go-buildXXXXXXXXXX");
  EXPECT_EQ(Template("@0003f"), "@XXXXX");
}

TEST(MadeUp, KnownPrefixesWithOtherEnds) {
  for (const char* name :
       {"gtest_captured_stream", "gtest_captured_stream.", "gtest_captured_stream.log",
        "gtest_captured_stream.serverx", "qt_temp.server1", "psm_state", "mp-server", "tmp.state",
        "tmp.", "dbus-socket", "etilqs_1", "go-build", "tmp_obj_", "@0003F", "@003f", "@00003f",
        "@serve"}) {
    EXPECT_EQ(Template(name), name);
  }
}

TEST(MadeUp, BehindAnyPrefix) {
  EXPECT_EQ(Template("log.aX3b9Q"), "log.XXXXXX");
  EXPECT_EQ(Template("dir-0qPz7B"), "dir-XXXXXX");
  EXPECT_EQ(Template("aX3b9Q"), "XXXXXX");
  EXPECT_EQ(Template("state.json.KvqTbW"), "state.json.XXXXXX");  // QSaveFile, GLib
  EXPECT_EQ(Template("fileaX3b9Q"), "fileXXXXXX");                // tmpnam(3)
  EXPECT_EQ(Template("ccaX3b9Q.o"), "ccXXXXXX.o");                // gcc
  EXPECT_EQ(Template("sedaX3b9Q"), "sedXXXXXX");                  // sed -i
  EXPECT_EQ(Template("unit-a1b2c3.o"), "unit-XXXXXX.o");          // LLVM
  EXPECT_EQ(Template("run_ab12cd9x"), "run_XXXXXXXX");
  EXPECT_EQ(Template("dir.Zk3mQ0vB1x"), "dir.XXXXXXXXXX");  // Perl's File::Temp
}

TEST(MadeUp, Python) {
  EXPECT_EQ(Template("tmpab12cd9x"), "tmpXXXXXXXX");
  EXPECT_EQ(Template("tmp_x8vq0c_"), "tmpXXXXXXXX");
  EXPECT_EQ(Template("tmpqwxzkvbn.txt"), "tmpXXXXXXXX.txt");
  for (const char* name : {"tmpdatabase", "tmpdirectory", "tmp", "tmpfile", "tmp12345678"}) {
    EXPECT_EQ(Template(name), name);
  }
}

TEST(MadeUp, HexadecimalGroups) {
  EXPECT_EQ(Template("a1b2-c3d4-e5f6-0789"), std::string(19, 'X'));  // unique_path
  EXPECT_EQ(Template("log-550e8400-e29b-41d4-a716-446655440000"), "log-" + std::string(36, 'X'));
  for (const char* name : {"2026-11-23", "2026-1123-1440-3300", "feed-face", "add-bad-dad"}) {
    EXPECT_EQ(Template(name), name);
  }
}

TEST(MadeUp, NamesThatPeopleMake) {
  for (const char* name :
       {"",           "state",       "server",         "client",        "MyTest",
        "FooBar",     "TestDir",     "filesystem",     "log4cpp",       "sha256sum",
        "utf8text",   "CMakeLists",  "CMakeLists.txt", "README.Debian", "x86_64",
        "server.pid", "test1",       "20261123",       "123456",        "config.backup",
        "database",   "ABCDEF",      "HTTPServer",     "XMLFile2",      "v1_2_beta",
        "ipv4addr",   "libfoo.so.1", "core.1234",      "output123456",  "Ccihar"}) {
    EXPECT_EQ(Template(name), name);
  }
}

// What the C library of this machine makes: nine of ten are told by their looks,
// and all of those of GoogleTest.
TEST(MadeUp, OfMkstemp) {
  constexpr int kNames = 1000;
  int by_looks = 0;
  for (int i = 0; i < kNames; ++i) {
    char path[] = "/tmp/made_up.XXXXXX";
    const int fd = ::mkstemp(path);
    ASSERT_GE(fd, 0);
    ::close(fd);
    ::unlink(path);
    const std::string letters = std::string(path).substr(sizeof path - 7);
    by_looks += FindMadeUp("made_up." + letters).size == 6 ? 1 : 0;
    EXPECT_EQ(Template("gtest_captured_stream." + letters), "gtest_captured_stream.XXXXXX");
  }
  EXPECT_GT(by_looks, kNames * 8 / 10);
}

}  // namespace
