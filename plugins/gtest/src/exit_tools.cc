// Sanitizers and coverage, which do their work in exit handlers.
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

#include "streamer.h"

// Present where the program was built with the tool. gcov's stay null unless
// something else pulls them in, which the options of testcell::gtest see to.
extern "C" {
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));
void __gcov_dump(void) __attribute__((weak));
void __gcov_reset(void) __attribute__((weak));
void __gcov_exit(void) __attribute__((weak));  // in every program that gcc instruments
int __llvm_profile_write_file(void) __attribute__((weak));
void __llvm_profile_set_filename(const char* pattern) __attribute__((weak));
void __llvm_profile_reset_counters(void) __attribute__((weak));
}

namespace testcell {
namespace internal {

namespace {

int g_host_root = -1;
char* g_host_directory = nullptr;
// Where a test process adds its counts to those of others; null: where the
// program itself does.
std::string* g_profile_pattern = nullptr;

bool CountsCoverage() { return __gcov_dump != nullptr || __llvm_profile_write_file != nullptr; }

// Coverage goes to files of the host, also where the cell has put something
// of its own over their directory.
void ReturnToHost() {
  if (g_host_root < 0 || ::fchdir(g_host_root) != 0 || ::chroot(".") != 0) return;
  if (g_host_directory != nullptr && ::chdir(g_host_directory) != 0) return;
}

// LLVM's runtime adds to a file that is there only where its name has %m, or %4m
// as of four files by turns; without it each process writes it anew.
bool Merges(const std::string& pattern) {
  for (std::size_t i = pattern.find('%'); i != std::string::npos; i = pattern.find('%', i + 1)) {
    const std::size_t letter = pattern.find_first_not_of("0123456789", i + 1);
    if (letter != std::string::npos && pattern[letter] == 'm') return true;
  }
  return false;
}

// The counts of an earlier run are not this one's.
void RemoveFiles(const std::string& pattern) {
  glob_t found;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) ::unlink(found.gl_pathv[i]);
  }
  ::globfree(&found);
}

void PrepareProfile() {
  if (__llvm_profile_set_filename == nullptr || __llvm_profile_write_file == nullptr) return;
  const char* const said = std::getenv("LLVM_PROFILE_FILE");
  const std::string pattern = said == nullptr || *said == 0 ? "default.profraw" : said;
  if (Merges(pattern)) return;
  const std::size_t name = pattern.rfind('/') == std::string::npos ? 0 : pattern.rfind('/') + 1;
  const std::size_t dot = pattern.rfind('.');
  const std::size_t end = dot == std::string::npos || dot <= name ? pattern.size() : dot;
  const std::string stem = pattern.substr(0, end) + "_cells_";
  g_profile_pattern = new std::string(stem + "%m" + pattern.substr(end));
  const std::string files = stem + "*" + pattern.substr(end);
  if (pattern.find('%') == std::string::npos) RemoveFiles(files);
  std::fprintf(stderr,
               "testcell: what runs in cells is counted in %s: give llvm-profdata these files, "
               "too, or have one of all by LLVM_PROFILE_FILE=NAME%%m.profraw\n",
               files.c_str());
}

std::set<std::string>* g_gcov_directories = nullptr;

int AddGcovDirectory(const char* path, const struct stat*, int type, struct FTW* place) {
  const char* const dot = std::strrchr(path + place->base, '.');
  if (type == FTW_F && dot != nullptr && std::strcmp(dot, ".gcno") == 0) {
    g_gcov_directories->insert(std::string(path, static_cast<std::size_t>(place->base) - 1));
  }
  return 0;
}

}  // namespace

std::vector<std::string> CoverageDirectories() {
  if (__gcov_exit == nullptr || g_host_directory == nullptr) return {};
  if (g_gcov_directories == nullptr) {
    g_gcov_directories = new std::set<std::string>();
    constexpr int kDescriptors = 16;
    ::nftw(g_host_directory, AddGcovDirectory, kDescriptors, FTW_PHYS | FTW_MOUNT);
    // As a whole it is what the user says it is.
    g_gcov_directories->erase(g_host_directory);
  }
  return {g_gcov_directories->begin(), g_gcov_directories->end()};
}

void PrepareExitTools() {
  if (__gcov_exit != nullptr && __gcov_dump == nullptr) {
    std::fprintf(stderr,
                 "testcell: warning: this program counts coverage, but what runs in cells will not "
                 "be counted: link it with -Wl,-u,__gcov_dump,-u,__gcov_reset\n");
  }
  if (!CountsCoverage() || g_host_root >= 0) return;
  const int root = ::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  // Where a test does not look for its first descriptor.
  constexpr int kOutOfTheWay = 200;
  g_host_root = ::fcntl(root, F_DUPFD_CLOEXEC, kOutOfTheWay);
  if (g_host_root < 0) {
    g_host_root = root;
  } else {
    ::close(root);
  }
  g_host_directory = ::getcwd(nullptr, 0);
  PrepareProfile();
}

void ResetExitTools() {
  if (__gcov_reset != nullptr) __gcov_reset();
  if (__llvm_profile_reset_counters != nullptr) __llvm_profile_reset_counters();
  if (g_profile_pattern != nullptr) __llvm_profile_set_filename(g_profile_pattern->c_str());
}

void WriteCoverage() {
  if (CountsCoverage()) ReturnToHost();
  if (__gcov_dump != nullptr) __gcov_dump();
  if (__llvm_profile_write_file != nullptr) __llvm_profile_write_file();
}

// LeakSanitizer stops this process's threads by what /proc says of it, and ends the
// process where /proc is another namespace's.
bool CanLookForLeaks() {
  if (__lsan_do_recoverable_leak_check == nullptr) return false;
  char self[24] = {};
  const ssize_t size = ::readlink("/proc/self", self, sizeof self - 1);
  if (size > 0 && std::atoi(self) == ::getpid()) return true;
  std::fprintf(stderr,
               "testcell: memory leaks are not looked for: /proc does not show this process\n");
  return false;
}

int RunExitTools() {
  int status = 0;
  if (CanLookForLeaks() && __lsan_do_recoverable_leak_check() != 0) status = kLeakStatus;
  WriteCoverage();
  return status;
}

}  // namespace internal
}  // namespace testcell
