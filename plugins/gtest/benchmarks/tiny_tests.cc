// As many tests as are wanted that do nothing, or only wait, in a process as
// large as is wanted: what ci/run_benchmarks measures the plugin with.
//
//   tiny_tests [--tests=N] [--touched_mib=M] [--wait_ms=W] [FLAGS]
#include <poll.h>
#include <sys/mman.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "testcell/gtest.h"

namespace {

int g_wait_ms = 0;

class Tiny : public ::testing::Test {
 public:
  void TestBody() override {
    if (g_wait_ms > 0) ::poll(nullptr, 0, g_wait_ms);
  }
};

struct Arguments {
  int tests = 100;
  int touched_mib = 0;
  int wait_ms = 0;
};

// Takes "--name=NUMBER"; false for anything else.
bool Take(std::string_view argument, std::string_view name, int* value) {
  if (argument.substr(0, name.size()) != name) return false;
  argument.remove_prefix(name.size());
  const char* const end = argument.data() + argument.size();
  const auto [rest, error] = std::from_chars(argument.data(), end, *value);
  if (error == std::errc() && rest == end && *value >= 0) return true;
  std::fprintf(stderr, "tiny_tests: %.*s needs a number that is not negative\n",
               static_cast<int>(name.size()), name.data());
  std::exit(2);
}

// In small pages: large ones would hide what a fork of many pages costs.
void Touch(int mib) {
  if (mib == 0) return;
  const std::size_t size = static_cast<std::size_t>(mib) << 20;
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::fprintf(stderr, "tiny_tests: cannot map %d MiB: %s\n", mib, std::strerror(errno));
    std::exit(1);
  }
  ::madvise(memory, size, MADV_NOHUGEPAGE);
  std::memset(memory, 1, size);
}

void Register(int tests) {
  // As many a suite as a large real program has.
  constexpr int kTestsPerSuite = 50;
  for (int i = 0; i < tests; ++i) {
    const std::string suite = "Tiny" + std::to_string(i / kTestsPerSuite);
    const std::string name = "Case" + std::to_string(i % kTestsPerSuite);
    ::testing::RegisterTest(suite.c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                            []() -> Tiny* { return new Tiny(); });
  }
}

}  // namespace

int main(int argc, char** argv) {
  testcell::InitGoogleTest(&argc, argv);
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (Take(argument, "--tests=", &arguments.tests)) continue;
    if (Take(argument, "--touched_mib=", &arguments.touched_mib)) continue;
    if (Take(argument, "--wait_ms=", &arguments.wait_ms)) continue;
    std::fprintf(stderr, "tiny_tests: unknown argument '%s'\n", argv[i]);
    return 2;
  }
  g_wait_ms = arguments.wait_ms;
  Touch(arguments.touched_mib);
  Register(arguments.tests);
  return RUN_ALL_TESTS();
}
