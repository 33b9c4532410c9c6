// Ordinary tests, which leave nothing: what a C++ programmer's day is made of.
// None of them may be said to have leaked, or to collide with another.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <clocale>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <locale>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <shared_mutex>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

namespace {

namespace fs = std::filesystem;

// A directory as most projects' test helpers make one.
class Scratch {
 public:
  Scratch() {
    std::string path = testing::TempDir() + "plain.XXXXXX";
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  ~Scratch() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Each of these runs five times, with other sizes.
class Files : public testing::TestWithParam<int> {};
class Threads : public testing::TestWithParam<int> {};
class Processes : public testing::TestWithParam<int> {};
class Library : public testing::TestWithParam<int> {};
class Network : public testing::TestWithParam<int> {};
const auto kSizes = testing::Values(1, 2, 7, 30, 100);
INSTANTIATE_TEST_SUITE_P(Plain, Files, kSizes);
INSTANTIATE_TEST_SUITE_P(Plain, Threads, kSizes);
INSTANTIATE_TEST_SUITE_P(Plain, Processes, kSizes);
INSTANTIATE_TEST_SUITE_P(Plain, Library, kSizes);
INSTANTIATE_TEST_SUITE_P(Plain, Network, kSizes);

TEST_P(Files, StreamsWriteAndRead) {
  Scratch scratch;
  const std::string text(static_cast<std::size_t>(GetParam()) * 100, 'x');
  std::ofstream(scratch.path() / "file") << text;
  EXPECT_EQ(ReadAll(scratch.path() / "file"), text);
}
TEST_P(Files, StdioWritesAndReads) {
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  std::fprintf(file, "%d", GetParam());
  std::rewind(file);
  int number = 0;
  EXPECT_EQ(std::fscanf(file, "%d", &number), 1);
  EXPECT_EQ(number, GetParam());
  std::fclose(file);
}
TEST_P(Files, DirectoriesComeAndGo) {
  Scratch scratch;
  fs::path path = scratch.path();
  for (int depth = 0; depth < GetParam() % 20; ++depth) path /= "deeper";
  fs::create_directories(path);
  EXPECT_TRUE(fs::is_directory(path));
}
TEST_P(Files, AreCopiedAndRenamed) {
  Scratch scratch;
  std::ofstream(scratch.path() / "one") << GetParam();
  fs::copy_file(scratch.path() / "one", scratch.path() / "two");
  fs::rename(scratch.path() / "two", scratch.path() / "three");
  EXPECT_EQ(ReadAll(scratch.path() / "three"), std::to_string(GetParam()));
}
TEST_P(Files, AreListed) {
  Scratch scratch;
  for (int i = 0; i < GetParam(); ++i) std::ofstream(scratch.path() / std::to_string(i)) << i;
  const fs::directory_iterator begin(scratch.path());
  EXPECT_EQ(std::distance(begin, fs::directory_iterator()), GetParam());
}
TEST_P(Files, AreMapped) {
  const auto size = static_cast<std::size_t>(GetParam()) * 4096;
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  std::memset(memory, 1, size);
  ::munmap(memory, size);
}
TEST_P(Files, AreReadOfTheSystem) { EXPECT_FALSE(ReadAll("/etc/passwd").empty()); }
TEST_P(Files, LinkToOthers) {
  Scratch scratch;
  fs::create_symlink("nowhere", scratch.path() / "link");
  EXPECT_TRUE(fs::is_symlink(scratch.path() / "link"));
}
TEST_P(Files, ChangeTheDirectoryAndReturn) {
  Scratch scratch;
  const fs::path before = fs::current_path();
  fs::current_path(scratch.path());
  fs::current_path(before);
}
TEST_P(Files, HaveTheOutputCaptured) {
  testing::internal::CaptureStdout();
  std::cout << "number " << GetParam();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "number " + std::to_string(GetParam()));
}

TEST_P(Threads, AreJoined) {
  std::atomic<int> count{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < GetParam(); ++i) threads.emplace_back([&] { ++count; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, GetParam());
}
TEST_P(Threads, AreAsync) {
  std::vector<std::future<int>> results;
  for (int i = 0; i < GetParam() % 20; ++i) {
    results.push_back(std::async(std::launch::async, [i] { return i; }));
  }
  for (int i = 0; i < GetParam() % 20; ++i)
    EXPECT_EQ(results[static_cast<std::size_t>(i)].get(), i);
}
TEST_P(Threads, MayDropTheirFutures) {
  for (int i = 0; i < GetParam() % 20; ++i) {
    static_cast<void>(std::async(std::launch::async, [] { return 1; }));
  }
}
TEST_P(Threads, SignalEachOther) {
  std::mutex mutex;
  std::condition_variable changed;
  int value = 0;
  std::thread thread([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    value = GetParam();
    changed.notify_all();
  });
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return value != 0; });
  lock.unlock();
  thread.join();
}
thread_local std::string g_text;
TEST_P(Threads, HaveTheirOwnVariables) {
  g_text = "own";
  std::thread([] { g_text = "other"; }).join();
  EXPECT_EQ(g_text, "own");
}
TEST_P(Threads, KeepPromises) {
  std::promise<void> promise;
  std::thread thread([&] { promise.set_value(); });
  promise.get_future().wait();
  thread.join();
}
TEST_P(Threads, ShareLocks) {
  std::shared_mutex mutex;
  std::thread one([&] { const std::shared_lock<std::shared_mutex> lock(mutex); });
  std::thread two([&] { const std::unique_lock<std::shared_mutex> lock(mutex); });
  one.join();
  two.join();
}
TEST_P(Threads, AreCalledOnce) {
  std::once_flag flag;
  int count = 0;
  std::thread one([&] { std::call_once(flag, [&] { ++count; }); });
  one.join();
  std::call_once(flag, [&] { ++count; });
  EXPECT_EQ(count, 1);
}

TEST_P(Processes, ArePiped) {
  std::FILE* const pipe = ::popen(("echo " + std::to_string(GetParam())).c_str(), "re");
  ASSERT_NE(pipe, nullptr);
  int number = 0;
  EXPECT_EQ(std::fscanf(pipe, "%d", &number), 1);
  EXPECT_EQ(number, GetParam());
  EXPECT_EQ(::pclose(pipe), 0);
}
TEST_P(Processes, AreRunByTheShell) { EXPECT_EQ(std::system("exit 0"), 0); }
TEST_P(Processes, AreForkedAndWaitedFor) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(GetParam());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), GetParam());
}
TEST_P(Processes, HandleSignals) {
  static volatile std::sig_atomic_t seen = 0;
  const auto before = std::signal(SIGUSR1, [](int) { seen = 1; });
  std::raise(SIGUSR1);
  EXPECT_EQ(seen, 1);
  std::signal(SIGUSR1, before);
}
TEST_P(Processes, ChangeTheEnvironmentAndRestoreIt) {
  ::setenv("PLAIN_VARIABLE", "value", 1);
  EXPECT_STREQ(std::getenv("PLAIN_VARIABLE"), "value");
  ::unsetenv("PLAIN_VARIABLE");
}
using ProcessesDeathTest = Processes;
TEST_P(Processes, Die) { EXPECT_DEATH(std::abort(), ""); }
TEST_P(Processes, Exit) { EXPECT_EXIT(std::exit(3), testing::ExitedWithCode(3), ""); }

TEST_P(Library, MatchesExpressions) {
  std::smatch match;
  const std::string text = "number " + std::to_string(GetParam());
  EXPECT_TRUE(std::regex_match(text, match, std::regex("number (\\d+)")));
}
TEST_P(Library, DrawsNumbers) {
  std::random_device device;
  std::mt19937 engine(device());
  EXPECT_LE(std::uniform_int_distribution<int>(0, GetParam())(engine), GetParam());
}
TEST_P(Library, KnowsLocales) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  std::setlocale(LC_ALL, "");
  std::setlocale(LC_ALL, before.c_str());
  std::ostringstream stream;
  stream.imbue(std::locale::classic());
  stream << GetParam();
  EXPECT_EQ(stream.str(), std::to_string(GetParam()));
}
TEST_P(Library, TellsTheTime) {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local;
  ::localtime_r(&now, &local);
  std::ostringstream stream;
  stream << std::put_time(&local, "%c %Z");
  EXPECT_FALSE(stream.str().empty());
}
TEST_P(Library, SortsAndSums) {
  std::vector<int> numbers(static_cast<std::size_t>(GetParam()));
  std::iota(numbers.rbegin(), numbers.rend(), 0);
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(numbers.front(), 0);
}
TEST_P(Library, KeepsMaps) {
  std::map<int, std::string> ordered;
  std::unordered_map<std::string, int> hashed;
  for (int i = 0; i < GetParam(); ++i) hashed[ordered[i] = std::to_string(i)] = i;
  EXPECT_EQ(hashed.size(), ordered.size());
}
TEST_P(Library, ThrowsAndCatches) {
  EXPECT_THROW(std::vector<int>().at(static_cast<std::size_t>(GetParam())), std::out_of_range);
}
TEST_P(Library, OwnsMemory) {
  std::vector<std::shared_ptr<std::string>> owners(static_cast<std::size_t>(GetParam()));
  for (auto& owner : owners) owner = std::make_shared<std::string>(1000, 'x');
  EXPECT_EQ(owners.front().use_count(), 1);
}
TEST_P(Library, HasOptionsAndVariants) {
  std::variant<int, std::string> either = GetParam();
  EXPECT_EQ(std::optional<int>(std::get<int>(either)), GetParam());
}
TEST_P(Library, PrintsALot) {
  for (int i = 0; i < GetParam(); ++i) std::cout << "line " << i << '\n';
  std::fflush(stdout);
}
TEST_P(Library, LooksUpUsers) {
  rusage usage;
  EXPECT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
  EXPECT_EQ(::getuid(), ::geteuid());
}

TEST_P(Network, ResolvesNames) {
  addrinfo* list = nullptr;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  EXPECT_EQ(::getaddrinfo("localhost", "80", &hints, &list), 0);
  if (list != nullptr) ::freeaddrinfo(list);
}
TEST_P(Network, TalksToItself) {
  const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::listen(server, 1), 0);  // on a port that the kernel chooses
  sockaddr_storage address;
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(server, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), size), 0);
  const int accepted = ::accept(server, nullptr, nullptr);
  EXPECT_EQ(::write(client, "x", 1), 1);
  for (const int fd : {client, accepted, server}) ::close(fd);
}
TEST_P(Network, HasPairs) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  for (const int fd : pair) ::close(fd);
}
TEST_P(Network, Fails) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  EXPECT_NE(::connect(fd, nullptr, 0), 0);
  ::close(fd);
}

}  // namespace
