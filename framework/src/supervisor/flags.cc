#include "testcell/internal/flags.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "cell/carry_pattern.h"
#include "posix/wildcards.h"

namespace testcell {
namespace internal {
namespace {

const char kPrefix[] = "--testcell_";

const Choice<Tmp> kTmp[] = {
    {"empty", Tmp::kEmpty}, {"cow", Tmp::kCopyOnWrite}, {"shared", Tmp::kShared}};
const Choice<Network> kNet[] = {{"private", Network::kPrivate}, {"host", Network::kHost}};
const Choice<WorkingDirectory> kCwd[] = {{"private", WorkingDirectory::kPrivate},
                                         {"shared", WorkingDirectory::kShared},
                                         {"auto", WorkingDirectory::kAuto}};
const Choice<Fallback> kFallback[] = {
    {"none", Fallback::kNone}, {"partial", Fallback::kPartial}, {"fork", Fallback::kFork}};
const Choice<User> kUser[] = {{"self", User::kSelf}, {"root", User::kRoot}};

std::string DurationText(std::chrono::milliseconds time) {
  const long long count = time.count();
  if (count == 0) return "0";
  if (count % 60000 == 0) return std::to_string(count / 60000) + "m";
  if (count % 1000 == 0) return std::to_string(count / 1000) + "s";
  return std::to_string(count) + "ms";
}

const Choice<Leaks> kLeaks[] = {{"off", Leaks::kOff},
                                {"report", Leaks::kReport},
                                {"fail", Leaks::kFail},
                                {"strict", Leaks::kStrict}};
const Choice<Uses> kUses[] = {
    {"off", Uses::kOff}, {"default", Uses::kDefault}, {"all", Uses::kAll}};
const Choice<ConflictPolicy> kConflicts[] = {{"off", ConflictPolicy::kOff},
                                             {"report", ConflictPolicy::kReport},
                                             {"fail", ConflictPolicy::kFail}};

const Flag* Find(const FlagTable& table, const std::string& name) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const Flag& flag) { return name == flag.name; });
  return found == table.end() ? nullptr : &*found;
}

std::string EnvironmentName(const char* name) {
  std::string text = std::string("TESTCELL_") + name;
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

bool MatchesPattern(std::string_view pattern, std::string_view name) {
  return posix::MatchesWildcards(
      pattern.size(), name.size(), [&](std::size_t i) { return pattern[i] == '*'; },
      [&](std::size_t i, std::size_t j) { return pattern[i] == '?' || pattern[i] == name[j]; });
}

bool MatchesAny(std::string_view patterns, std::string_view name) {
  std::size_t begin = 0;
  while (begin <= patterns.size()) {
    const std::size_t end = std::min(patterns.find(':', begin), patterns.size());
    if (end > begin && MatchesPattern(patterns.substr(begin, end - begin), name)) return true;
    begin = end + 1;
  }
  return false;
}

bool MustIsolate() {
  const char* const value = std::getenv("TESTCELL_MUST_ISOLATE");
  return value != nullptr && *value != '\0' && std::strcmp(value, "0") != 0;
}

bool SameFile(int one, int other) {
  struct stat a;
  struct stat b;
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
         a.st_ino == b.st_ino;
}

}  // namespace

FlagTable CellFlagTable(CellFlags* flags) {
  return {
      {"jobs", "COUNT", "How many cells at once; 0: as many as processors. [0]",
       [flags](const std::string& text) { return ParseCount(text, &flags->jobs); }},
      {"timeout", "DURATION",
       "The time limit of a test, as in 500ms, 30s, 2m, 1h; 0: none. A test that\n"
       "      passes it is ended with its whole cell. [" +
           DurationText(flags->timeout) + "]",
       [flags](const std::string& text) { return ParseDuration(text, &flags->timeout); }},
      {"slow", "DURATION",
       "Announce a test that still runs after this time; 0: never. [" + DurationText(flags->slow) +
           "]",
       [flags](const std::string& text) { return ParseDuration(text, &flags->slow); }},
      {"cwd", "(private|shared|auto)",
       "The working directory: copy-on-write in each cell, or the run fails; the\n"
       "      host's own; or private where it can be had. [auto]",
       MakeChoice(kCwd, &flags->cwd)},
      {"tmp", "(empty|cow|shared)",
       "What /tmp and /var/tmp hold when a test starts: nothing; what the host's\n"
       "      hold, copy-on-write; or they are the host's. [empty]",
       MakeChoice(kTmp, &flags->tmp)},
      {"net", "(private|host)", "The network of a test: its own loopback, or the host's. [private]",
       MakeChoice(kNet, &flags->net)},
      {"user", "(self|root)",
       "Who an ordinary user's test is in its cell: itself, or uid 0. [self]",
       MakeChoice(kUser, &flags->user)},
      {"carry", "PATTERNS",
       "What tests leave in copy-on-write directories and is brought back to the\n"
       "      host, with commas between: golden/*.txt, *.log, /srv/**/state. [none]",
       [flags](const std::string& text) { return ParsePatterns(text, &flags->carry); }},
      {"fallback", "(none|partial|fork)",
       "Where the host refuses a full cell: the run fails; it goes on without the\n"
       "      parts that are refused; or, where no part can be had, with a process for\n"
       "      each test and no more. Tests that need what is refused are skipped. [none]",
       MakeChoice(kFallback, &flags->fallback)},
  };
}

FlagTable FindingFlagTable(FindingFlags* flags) {
  return {
      {"leaks", "(off|report|fail|strict)",
       "What a test leaves behind: is not looked for; is said after the run; fails\n"
       "      the test; or that does, and changed process state, too. [report]",
       MakeChoice(kLeaks, &flags->leaks)},
      {"uses", "(off|default|all)",
       "Ports, paths and names that a test uses: are not looked for; are seen; or\n"
       "      those, too, that cost more to see: names taken and given back in passing,\n"
       "      and writes of an ordinary user to the host's files. [default]",
       MakeChoice(kUses, &flags->uses)},
      {"conflicts", "(off|report|fail)",
       "Uses of several tests that would collide without cells: are not looked\n"
       "      for; are said after the run; or fail the run. [report]",
       MakeChoice(kConflicts, &flags->conflicts)},
      {"report", "(json:PATH|html:PATH)[,...]",
       "Files that hold what ran, what it left and used, and what would collide.\n"
       "      []",
       [flags](const std::string& text) { return ParseReports(text, &flags->reports); }},
  };
}

std::string CheckFallback(const CellFlags& flags) {
  if (!MustIsolate() || flags.fallback == Fallback::kNone) return std::string();
  return "TESTCELL_MUST_ISOLATE is set in the environment, which forbids every fallback, and one "
         "is asked for (--testcell_fallback or TESTCELL_FALLBACK)";
}

RunSettings MakeRunSettings(const CellFlags& flags) {
  RunSettings settings;
  settings.jobs = flags.jobs;
  settings.jobs_by_default = flags.jobs == 0;
  settings.fallback = flags.fallback;
  settings.must_isolate = MustIsolate();
  if (settings.jobs == 0) settings.jobs = static_cast<int>(std::thread::hardware_concurrency());
  settings.jobs = std::max(settings.jobs, 1);
  settings.slow = flags.slow;
  settings.one_output = SameFile(STDOUT_FILENO, STDERR_FILENO);
  settings.tmp = flags.tmp;
  settings.cwd = flags.cwd;
  settings.net = flags.net;
  settings.user = flags.user;
  settings.carry = flags.carry;
  settings.notice = [](const std::string& text) {
    std::fprintf(stderr, "testcell: %s\n", text.c_str());
  };
  return settings;
}

bool ParsePatterns(const std::string& text, std::vector<std::string>* patterns) {
  patterns->clear();
  if (text.empty()) return true;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    patterns->push_back(text.substr(begin, end - begin));
    if (!cell::CarryPattern::Check(patterns->back()).empty()) return false;
    begin = end + 1;
  }
  return true;
}

bool ParseCount(const std::string& text, int* value) {
  if (text.empty() || text.size() > 6) return false;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return false;
  }
  *value = std::atoi(text.c_str());
  return true;
}

bool ParseDuration(const std::string& text, std::chrono::milliseconds* value) {
  std::size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])) != 0) {
    ++digits;
  }
  if (digits == 0 || digits > 9) return false;
  const long long number = std::atoll(text.substr(0, digits).c_str());
  const std::string unit = text.substr(digits);
  long long factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit.empty() && number == 0) factor = 1;
  if (factor == 0) return false;
  *value = std::chrono::milliseconds(number * factor);
  return true;
}

bool ParsePath(const std::string& text, std::string* path) {
  path->clear();
  if (text.empty()) return true;
  std::error_code error;
  *path = std::filesystem::absolute(text, error).string();
  return !error;
}

bool ParseReports(const std::string& text, std::vector<ReportFile>* reports) {
  reports->clear();
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string entry = text.substr(begin, end - begin);
    ReportFile file;
    const std::size_t colon = entry.find(':');
    if (colon == std::string::npos || colon + 1 == entry.size()) return false;
    const std::string format = entry.substr(0, colon);
    if (format != "json" && format != "html") return false;
    if (format == "html") file.format = ReportFile::Format::kHtml;
    if (!ParsePath(entry.substr(colon + 1), &file.path)) return false;
    for (const ReportFile& other : *reports) {
      if (other.path == file.path) return false;
    }
    reports->push_back(std::move(file));
    begin = end + 1;
  }
  return text.empty() || text.back() != ',';
}

std::string SetFlag(const FlagTable& table, const std::string& spelled, const std::string& name,
                    const std::string& value) {
  const Flag* const flag = Find(table, name);
  if (flag == nullptr) return spelled + ": there is no such flag; --help lists them";
  if (flag->parse(value)) return std::string();
  return spelled + ": '" + value + "' is no value for it; it takes " + flag->values;
}

std::string ParseEnvironmentFlags(const FlagTable& table) {
  for (const Flag& flag : table) {
    const std::string name = EnvironmentName(flag.name);
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) continue;
    std::string error = SetFlag(table, name, flag.name, value);
    if (!error.empty()) return error;
  }
  return std::string();
}

std::string ParseFlags(const FlagTable& table, const NamedValues& defaults, int* argc,
                       char** argv) {
  for (const auto& entry : defaults) {
    const std::string spelled = "testcell::SetDefault(\"" + entry.first + "\")";
    std::string error = SetFlag(table, spelled, entry.first, entry.second);
    if (!error.empty()) return error;
  }
  std::string error = ParseEnvironmentFlags(table);
  if (!error.empty() || argc == nullptr) return error;
  const std::size_t prefix = sizeof kPrefix - 1;
  int kept = 0;
  for (int i = 0; i < *argc; ++i) {
    if (i == 0 || std::strncmp(argv[i], kPrefix, prefix) != 0) {
      argv[kept++] = argv[i];
      continue;
    }
    const char* equals = std::strchr(argv[i], '=');
    if (equals == nullptr) {
      return std::string(argv[i]) + ": a flag of testcell needs a value, as in " + argv[i] +
             "=VALUE";
    }
    const std::string spelled(argv[i], static_cast<std::size_t>(equals - argv[i]));
    error = SetFlag(table, spelled, spelled.substr(prefix), equals + 1);
    if (!error.empty()) return error;
  }
  argv[kept] = nullptr;
  *argc = kept;
  return std::string();
}

std::string DescribeFlags(const FlagTable& table) {
  std::string text;
  for (const Flag& flag : table) {
    text +=
        std::string("  ") + kPrefix + flag.name + "=" + flag.values + "\n      " + flag.help + "\n";
  }
  return text;
}

bool MatchesFilter(const std::string& filter, const std::string& name) {
  const std::size_t minus = filter.find('-');
  const std::string positive = filter.substr(0, minus);
  const std::string negative = minus == std::string::npos ? "" : filter.substr(minus + 1);
  const bool matched = positive.empty() ? minus == 0 : MatchesAny(positive, name);
  return matched && !MatchesAny(negative, name);
}

}  // namespace internal
}  // namespace testcell
