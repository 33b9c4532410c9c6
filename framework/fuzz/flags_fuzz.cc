// What people write in flags and patterns, and files of earlier runs: read in a
// time that does not explode, and without harm.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "cell/carry_pattern.h"
#include "input.h"
#include "testcell/internal/flags.h"
#include "testcell/internal/history.h"

namespace testcell::fuzz {
namespace {

constexpr std::size_t kMostText = 120;

void ReadFlags(Input* input) {
  internal::CellFlags cell;
  internal::FindingFlags findings;
  internal::FlagTable table = internal::CellFlagTable(&cell);
  for (internal::Flag& flag : internal::FindingFlagTable(&findings)) {
    table.push_back(std::move(flag));
  }
  std::vector<std::string> words = {"program"};
  while (!input->empty() && words.size() < 8) {
    const std::uint8_t choice = input->Byte();
    std::string word = input->Text(kMostText);
    if (choice % 4 != 0) {
      word = std::string("--testcell_") + table[choice % table.size()].name + "=" + word;
    }
    words.push_back(word.substr(0, word.find('\0')));
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int argc = static_cast<int>(words.size());
  const std::string error = internal::ParseFlags(table, {}, &argc, argv.data());
  Require(argc >= 1 && argc <= static_cast<int>(words.size()), "flags are taken out, not added");
  if (!error.empty()) return;
  for (std::size_t i = 1; i < static_cast<std::size_t>(argc); ++i) {
    Require(std::string(argv[i]).rfind("--testcell_", 0) != 0, "none of our flags is left");
  }
  Require(cell.timeout.count() >= 0 && cell.jobs >= 0, "numbers that were taken make sense");
}

void MatchPatterns(Input* input) {
  const std::string pattern = input->Text(kMostText);
  const std::string path = input->Text(kMostText);
  if (cell::CarryPattern::Check(pattern).empty()) {
    const cell::CarryPattern carried(pattern);
    static_cast<void>(carried.Matches(path));
    Require(carried.absolute() || carried.Prefix().empty() || !pattern.empty(),
            "a prefix is part of a pattern");
  }
  static_cast<void>(internal::MatchesFilter(pattern, path));
  Require(internal::MatchesFilter("*", path), "* matches every name");
  Require(!internal::MatchesFilter(pattern + (pattern.find('-') == std::string::npos ? "-*" : ":*"),
                                   path),
          "what is taken away matches nothing");
}

void ReadHistory(Input* input) {
  const std::string bytes = input->Rest();
  const int fd = ::memfd_create("history", MFD_CLOEXEC);
  Require(fd >= 0, "memfd_create");
  const std::string text =
      bytes.size() % 2 == 0 ? bytes : std::string("testcell history 1\n") + bytes;
  Require(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "write");
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  internal::History history;
  if (history.Load(path).empty()) {
    history.Record("Suite.Test", std::chrono::milliseconds(7));
    Require(history.Save().empty(), "what could be read can be saved");
    internal::History again;
    Require(again.Load(path).empty(), "what was saved can be read");
    Require(again.Expected("Suite.Test").count() > 0, "what was recorded is known");
  }
  ::close(fd);
}

}  // namespace
}  // namespace testcell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testcell::fuzz::Input input(data, size);
  switch (input.Byte() % 3) {
    case 0:
      testcell::fuzz::ReadFlags(&input);
      break;
    case 1:
      testcell::fuzz::MatchPatterns(&input);
      break;
    default:
      testcell::fuzz::ReadHistory(&input);
      break;
  }
  return 0;
}
