#include "preconditions.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "private_access.h"

// ThreadSanitizer starts a thread of its own with the first one, just before it.
extern "C" void __tsan_init(void) __attribute__((weak));

namespace testcell {
namespace internal {
namespace {

std::vector<std::string> Entries(const char* directory) {
  std::vector<std::string> names;
  DIR* const stream = ::opendir(directory);
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) {
    if (entry->d_name[0] != '.') names.push_back(entry->d_name);
  }
  ::closedir(stream);
  return names;
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string AddressText(const sockaddr_storage& address, socklen_t size) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(in.sin_port));
  }
  if (address.ss_family == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
    return "[" + std::string(text) + "]:" + std::to_string(ntohs(in.sin6_port));
  }
  if (address.ss_family == AF_UNIX) {
    const auto& un = reinterpret_cast<const sockaddr_un&>(address);
    const std::size_t length = size - offsetof(sockaddr_un, sun_path);
    std::string path(un.sun_path, length);
    if (!path.empty() && path[0] == '\0') path[0] = '@';
    return "unix " + path.substr(0, path.find('\0'));
  }
  return std::string();
}

// "127.0.0.1:80" for a socket that waits for others; empty for anything else.
std::string ListeningAddress(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || listening == 0) {
    return std::string();
  }
  sockaddr_storage address{};
  size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::string();
  return AddressText(address, size);
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// What an event loop waits on, as "fd 3: epoll, fd 5: pipe"; empty where there is none.
std::string EventLoopDescriptors() {
  std::vector<std::string> names;
  bool loop = false;
  for (const std::string& entry : Entries("/proc/self/fd")) {
    char target[64] = "";
    const std::string link = "/proc/self/fd/" + entry;
    if (::readlink(link.c_str(), target, sizeof target - 1) < 0) continue;
    const bool epoll = std::strcmp(target, "anon_inode:[eventpoll]") == 0;
    const bool event = std::strcmp(target, "anon_inode:[eventfd]") == 0;
    const bool pipe = std::strncmp(target, "pipe:", 5) == 0 && std::atoi(entry.c_str()) > 2;
    loop = loop || epoll;
    if (epoll || event || pipe) {
      names.push_back("fd " + entry + (epoll ? ": epoll" : event ? ": eventfd" : ": pipe"));
    }
  }
  return loop ? Join(names) : std::string();
}

void WarnOfThreads() {
  std::vector<std::string> names;
  const std::string self = std::to_string(::getpid());
  for (const std::string& task : Entries("/proc/self/task")) {
    if (task == self) continue;
    names.push_back("'" + FirstLine("/proc/self/task/" + task + "/comm") + "' (" + task + ")");
  }
  if (__tsan_init != nullptr && !names.empty()) names.erase(names.begin());
  if (names.empty()) return;
  std::fprintf(stderr,
               "testcell: warning: %d more thread%s before the tests start and will not be in any "
               "cell: %s; start %s in SetUpTestSuite or in an Environment, or run the program by "
               "`testcell gtest`, which starts it anew for each test\n",
               static_cast<int>(names.size()), names.size() == 1 ? " runs" : "s run",
               Join(names).c_str(), names.size() == 1 ? "it" : "them");
  const std::string loops = EventLoopDescriptors();
  if (loops.empty()) return;
  // The kernel's object stays one when a process forks.
  std::fprintf(
      stderr,
      "testcell: warning: tests share event loops with threads that run already (%s): what "
      "a test adds or writes there reaches these, too, with pointers into the test's "
      "memory, and may crash the program\n",
      loops.c_str());
}

void WarnOfSockets() {
  std::vector<std::string> names;
  for (const std::string& entry : Entries("/proc/self/fd")) {
    const std::string name = ListeningAddress(std::atoi(entry.c_str()));
    if (!name.empty()) names.push_back(name + " (fd " + entry + ")");
  }
  if (names.empty()) return;
  std::fprintf(stderr,
               "testcell: warning: the program listens before the tests start, on the host's "
               "network, which no cell sees: %s; start the server in SetUpTestSuite or in an "
               "Environment\n",
               Join(names).c_str());
}

// In the process that all workers come from: a test process then has only its
// own tests to mark. No allocation.
void SelectNothing() {
  ::testing::UnitTest& unit_test = *::testing::UnitTest::GetInstance();
  for (int i = 0; ::testing::TestSuite* const suite = SuiteToRun(unit_test, i); ++i) {
    SetShouldRun(*suite, false);
    for (::testing::TestInfo* test : TestList(*suite)) SetShouldRun(*test, false);
  }
}

// Stdin, for tests that are to be talked to, and which no other session has.
bool HasTerminal() { return ::tcgetsid(STDIN_FILENO) == ::getsid(0); }

}  // namespace

void WarnOfThreadsAndSockets() {
  static bool done = false;
  if (done) return;
  done = true;
  WarnOfThreads();
  WarnOfSockets();
}

bool DebuggerAttached() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 10, "TracerPid:") == 0) return std::atoi(line.c_str() + 10) != 0;
  }
  return false;
}

// It preloads a library of its own into what it runs.
bool UnderValgrind() {
  const char* const preloaded = std::getenv("LD_PRELOAD");
  return preloaded != nullptr && std::strstr(preloaded, "/vgpreload_") != nullptr;
}

RunSettings MakePluginSettings(const Flags& flags) {
  RunSettings settings = MakeRunSettings(flags);
  settings.on_fork = SelectNothing;
  settings.reuse = flags.reuse;
  if (!flags.debug.empty()) {
    settings.attach = HasTerminal() ? Attach::kTerminal : Attach::kStreams;
    settings.slow = std::chrono::milliseconds(0);
  }
  return settings;
}

}  // namespace internal
}  // namespace testcell
