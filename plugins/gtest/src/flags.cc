#include "flags.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

namespace testcell {
namespace internal {
namespace {

const char kPrefix[] = "--testcell_";

// One value of a flag that has a fixed set of them.
template <typename T>
struct Choice {
  const char* name;
  T value;
};

template <typename T, std::size_t kCount>
bool Choose(const std::string& text, const Choice<T> (&choices)[kCount], T* value) {
  for (const Choice<T>& choice : choices) {
    if (text != choice.name) continue;
    *value = choice.value;
    return true;
  }
  return false;
}

bool ParseCount(const std::string& text, int* value) {
  if (text.empty() || text.size() > 6) return false;
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return false;
  }
  *value = std::atoi(text.c_str());
  return true;
}

// "500ms", "30s", "2m", "1h"; "0" needs no unit.
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
  if (unit == "m") factor = 60 * 1000;
  if (unit == "h") factor = 60 * 60 * 1000;
  if (unit.empty() && number == 0) factor = 1;
  if (factor == 0) return false;
  *value = std::chrono::milliseconds(number * factor);
  return true;
}

const Choice<Isolate> kIsolate[] = {
    {"all", Isolate::kAll}, {"marked", Isolate::kMarked}, {"off", Isolate::kOff}};
const Choice<Output> kOutput[] = {{"immediate", Output::kImmediate}, {"failed", Output::kFailed}};
const Choice<bool> kEnvironments[] = {{"cell", false}, {"parent", true}};
const Choice<Suites> kSuites[] = {
    {"cell", Suites::kCell}, {"parent", Suites::kParent}, {"shared", Suites::kShared}};
const Choice<Listeners> kListeners[] = {
    {"parent", Listeners::kParent}, {"cell", Listeners::kCell}, {"both", Listeners::kBoth}};
const Choice<Tmp> kTmp[] = {
    {"empty", Tmp::kEmpty}, {"cow", Tmp::kCopyOnWrite}, {"shared", Tmp::kShared}};
const Choice<Network> kNet[] = {{"private", Network::kPrivate}, {"host", Network::kHost}};
const Choice<WorkingDirectory> kCwd[] = {{"private", WorkingDirectory::kPrivate},
                                         {"shared", WorkingDirectory::kShared},
                                         {"auto", WorkingDirectory::kAuto}};
const Choice<User> kUser[] = {{"self", User::kSelf}, {"root", User::kRoot}};

struct Definition {
  const char* name;
  const char* values;  // as in --help and in errors
  const char* help;
  bool (*parse)(const std::string& text, Flags* flags);
};

const Definition kDefinitions[] = {
    {"isolate", "(all|marked|off)",
     "Which tests run in cells: all, those whose fixture derives from\n"
     "      testcell::Test, or none. [all]",
     [](const std::string& t, Flags* f) { return Choose(t, kIsolate, &f->isolate); }},
    {"jobs", "COUNT", "How many cells at once; 0: as many as processors. [0]",
     [](const std::string& t, Flags* f) { return ParseCount(t, &f->jobs); }},
    {"timeout", "DURATION",
     "The time limit of a test, as in 500ms, 30s, 2m, 1h; 0: none. A test that\n"
     "      passes it is ended with its whole cell. [10m]",
     [](const std::string& t, Flags* f) { return ParseDuration(t, &f->timeout); }},
    {"slow", "DURATION", "Announce a test that still runs after this time; 0: never. [10s]",
     [](const std::string& t, Flags* f) { return ParseDuration(t, &f->slow); }},
    {"output", "(immediate|failed)",
     "When a test's own stdout and stderr are shown: as they come, in the\n"
     "      order of the tests, or only if the test fails. [immediate]",
     [](const std::string& t, Flags* f) { return Choose(t, kOutput, &f->output); }},
    {"environments", "(cell|parent)",
     "Where global Environments are set up: in every cell, or once, in the\n"
     "      parent, before any cell. [cell]",
     [](const std::string& t, Flags* f) {
       return Choose(t, kEnvironments, &f->environments_in_parent);
     }},
    {"suites", "(cell|parent|shared)",
     "Where SetUpTestSuite runs: in every cell; once, in the parent, before\n"
     "      the suite's cells; or the cases of a suite share one cell, in order.\n"
     "      [cell]",
     [](const std::string& t, Flags* f) { return Choose(t, kSuites, &f->suites); }},
    {"listeners", "(parent|cell|both)",
     "Where listeners see test events; those added by\n"
     "      testcell::AddCellListener always do so in the cell. [parent]",
     [](const std::string& t, Flags* f) { return Choose(t, kListeners, &f->listeners); }},
    {"cwd", "(private|shared|auto)",
     "The working directory: copy-on-write in each cell, or the run fails; the\n"
     "      host's own; or private where it can be had. [auto]",
     [](const std::string& t, Flags* f) { return Choose(t, kCwd, &f->cwd); }},
    {"tmp", "(empty|cow|shared)",
     "What /tmp and /var/tmp hold when a test starts: nothing; what the host's\n"
     "      hold, copy-on-write; or they are the host's. [empty]",
     [](const std::string& t, Flags* f) { return Choose(t, kTmp, &f->tmp); }},
    {"net", "(private|host)", "The network of a test: its own loopback, or the host's. [private]",
     [](const std::string& t, Flags* f) { return Choose(t, kNet, &f->net); }},
    {"user", "(self|root)", "Who an ordinary user's test is in its cell: itself, or uid 0. [self]",
     [](const std::string& t, Flags* f) { return Choose(t, kUser, &f->user); }},
    {"serial", "FILTER", "Tests that run alone, beside no other cell; as --gtest_filter. []",
     [](const std::string& t, Flags* f) {
       f->serial = t;
       return true;
     }},
};

const Definition* Find(const std::string& name) {
  for (const Definition& definition : kDefinitions) {
    if (name == definition.name) return &definition;
  }
  return nullptr;
}

// `spelled`: the setting as the user wrote its name.
std::string Apply(const std::string& spelled, const std::string& name, const std::string& value,
                  Flags* flags) {
  const Definition* definition = Find(name);
  if (definition == nullptr) {
    return spelled + ": there is no such flag; --help lists them";
  }
  if (definition->parse(value, flags)) return std::string();
  return spelled + ": '" + value + "' is no value for it; it takes " + definition->values;
}

std::string EnvironmentName(const char* name) {
  std::string text = std::string("TESTCELL_") + name;
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

bool MatchesPattern(const char* pattern, const char* pattern_end, const char* name) {
  if (pattern == pattern_end) return *name == '\0';
  if (*pattern == '*') {
    return MatchesPattern(pattern + 1, pattern_end, name) ||
           (*name != '\0' && MatchesPattern(pattern, pattern_end, name + 1));
  }
  return *name != '\0' && (*pattern == '?' || *pattern == *name) &&
         MatchesPattern(pattern + 1, pattern_end, name + 1);
}

bool MatchesAny(const std::string& patterns, const std::string& name) {
  std::size_t begin = 0;
  while (begin <= patterns.size()) {
    std::size_t end = patterns.find(':', begin);
    if (end == std::string::npos) end = patterns.size();
    if (end > begin &&
        MatchesPattern(patterns.data() + begin, patterns.data() + end, name.c_str())) {
      return true;
    }
    begin = end + 1;
  }
  return false;
}

}  // namespace

std::string ParseFlags(const NamedValues& defaults, int* argc, char** argv, Flags* flags) {
  for (const auto& entry : defaults) {
    const std::string spelled = "testcell::SetDefault(\"" + entry.first + "\")";
    const std::string error = Apply(spelled, entry.first, entry.second, flags);
    if (!error.empty()) return error;
  }
  for (const Definition& definition : kDefinitions) {
    const std::string name = EnvironmentName(definition.name);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) continue;
    const std::string error = Apply(name, definition.name, value, flags);
    if (!error.empty()) return error;
  }
  if (argc == nullptr) return std::string();
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
    const std::string error = Apply(spelled, spelled.substr(prefix), equals + 1, flags);
    if (!error.empty()) return error;
  }
  argv[kept] = nullptr;
  *argc = kept;
  return std::string();
}

std::string FlagsHelp() {
  std::string text =
      "\nTests run in cells: each in Linux namespaces of its own, with a private\n"
      "network, /tmp and working directory. Each of these flags can be given in the\n"
      "environment, too, as TESTCELL_NAME:\n\nTest Isolation:\n";
  for (const Definition& definition : kDefinitions) {
    text += std::string("  --testcell_") + definition.name + "=" + definition.values + "\n      " +
            definition.help + "\n";
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
