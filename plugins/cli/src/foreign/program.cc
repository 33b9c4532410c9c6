#include "program.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "../locate.h"
#include "../xml.h"

namespace testcell::cli {
namespace {

bool BeginsWith(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

// What chooses tests, repeats them or writes reports is ours to do. What is
// left are the settings that change how a test itself behaves.
bool IsForUs(const std::string& variable) {
  static constexpr const char* kTheirs[] = {"GTEST_CATCH_EXCEPTIONS",    "GTEST_BREAK_ON_FAILURE",
                                            "GTEST_THROW_ON_FAILURE",    "GTEST_DEATH_TEST_STYLE",
                                            "GTEST_DEATH_TEST_USE_FORK", "GTEST_STACK_TRACE_DEPTH",
                                            "GTEST_RANDOM_SEED",         "GTEST_PRINT_UTF8"};
  for (const char* name : kTheirs) {
    if (variable == name) return false;
  }
  static constexpr const char* kOurs[] = {"GTEST_",
                                          "XML_OUTPUT_FILE",
                                          "TESTBRIDGE_TEST_ONLY",
                                          "TEST_TOTAL_SHARDS",
                                          "TEST_SHARD_",
                                          "TEST_PREMATURE_EXIT",
                                          "TESTCELL_"};
  return std::any_of(std::begin(kOurs), std::end(kOurs),
                     [&](const char* start) { return BeginsWith(variable, start); });
}

std::vector<std::string> TheirEnvironment() {
  std::vector<std::string> kept;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!IsForUs(text.substr(0, text.find('=')))) kept.push_back(text);
  }
  // One that does link the plugin has its cell already.
  kept.emplace_back("TESTCELL_ISOLATE=off");
  return kept;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::string ReadAll(int fd) {
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t size = ::read(fd, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(size));
  }
}

std::optional<std::string> Optional(const XmlElement& element, const char* name) {
  if (!element.HasAttribute(name)) return std::nullopt;
  return element.Attribute(name);
}

std::vector<ForeignTest> ListOf(const XmlElement& report) {
  std::vector<ForeignTest> tests;
  for (const XmlElement& suite : report.children) {
    for (const XmlElement& element : suite.children) {
      if (element.name != "testcase") continue;
      ForeignTest test;
      test.suite = suite.Attribute("name");
      test.name = element.Attribute("name");
      test.type_parameter = Optional(element, "type_param");
      test.value_parameter = Optional(element, "value_param");
      test.file = element.Attribute("file");
      if (!test.file.empty()) test.line = std::atoi(element.Attribute("line").c_str());
      tests.push_back(std::move(test));
    }
  }
  return tests;
}

// "NAME  # LABEL = VALUE"
std::string Split(const std::string& line, const std::string& label,
                  std::optional<std::string>* value) {
  const std::string mark = "  # " + label + " = ";
  const std::size_t at = line.find(mark);
  if (at == std::string::npos) return line;
  *value = line.substr(at + mark.size());
  return line.substr(0, at);
}

std::string Pattern(std::string name) {
  for (char& c : name) {
    if (::strchr("*?:-", c) != nullptr) c = '?';
  }
  return name;
}

bool Matches(const std::string& pattern, const std::string& name) {
  return pattern.size() == name.size() &&
         std::equal(pattern.begin(), pattern.end(), name.begin(),
                    [](char p, char n) { return p == '?' || p == n; });
}

}  // namespace

std::vector<ForeignTest> ParseList(const std::string& text) {
  std::vector<ForeignTest> tests;
  std::string suite;
  std::optional<std::string> type;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (BeginsWith(line, "  ") && !suite.empty()) {
      ForeignTest test;
      test.suite = suite;
      test.type_parameter = type;
      test.name = Split(line.substr(2), "GetParam()", &test.value_parameter);
      tests.push_back(std::move(test));
      continue;
    }
    type.reset();
    suite = Split(line, "TypeParam", &type);
    // Something else that the program prints does not end so.
    if (suite.empty() || suite.back() != '.') {
      suite.clear();
    } else {
      suite.pop_back();
    }
  }
  return tests;
}

std::string FilterFor(const ForeignTest& test, const std::vector<ForeignTest>& tests) {
  const std::string name = test.FullName();
  const std::string pattern = Pattern(name);
  std::string filter = "--gtest_filter=" + pattern;
  if (pattern == name) return filter;
  char separator = '-';
  for (const ForeignTest& other : tests) {
    const std::string other_name = other.FullName();
    if (other_name == name || !Matches(pattern, other_name)) continue;
    const std::string other_pattern = Pattern(other_name);
    if (Matches(other_pattern, name)) continue;  // the two can't be told apart
    filter += separator + other_pattern;
    separator = ':';
  }
  return filter;
}

ForeignProgram::ForeignProgram(std::vector<std::string> words)
    : words_(std::move(words)), path_(Locate(words_.front())), environment_(TheirEnvironment()) {
  if (path_.empty()) path_ = words_.front();
}

pid_t ForeignProgram::Execute(const std::vector<std::string>& flags, int output, bool both,
                              int report) const {
  std::vector<std::string> words = words_;
  words.insert(words.end(), flags.begin(), flags.end());
  words.push_back("--gtest_output=xml:/proc/self/fd/" + std::to_string(report));
  words.emplace_back("--gtest_color=no");
  const std::vector<char*> argv = Pointers(words);
  const std::vector<char*> envp = Pointers(environment_);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  // The report's alone goes along.
  ::fcntl(report, F_SETFD, 0);
  ::dup2(output, STDOUT_FILENO);
  if (both) ::dup2(output, STDERR_FILENO);
  ::execve(path_.c_str(), argv.data(), envp.data());
  const int error = errno;
  ::dprintf(STDERR_FILENO, "testcell: cannot execute '%s': %s\n", path_.c_str(), ::strerror(error));
  ::_exit(error == ENOENT ? 127 : 126);
}

pid_t ForeignProgram::Start(const std::string& filter, int output, bool both, int report) const {
  return Execute({filter, "--gtest_also_run_disabled_tests"}, output, both, report);
}

std::string ForeignProgram::List(std::vector<ForeignTest>* tests) const {
  const int report = ::memfd_create("testcell-tests", MFD_CLOEXEC);
  const int output = ::memfd_create("testcell-list", MFD_CLOEXEC);
  if (report < 0 || output < 0) {
    return std::string("cannot make a file in memory: ") + ::strerror(errno);
  }
  const pid_t pid = Execute({"--gtest_list_tests"}, output, false, report);
  int status = 0;
  while (pid > 0 && ::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ::lseek(output, 0, SEEK_SET);
  ::lseek(report, 0, SEEK_SET);
  const std::string text = ReadAll(output);
  const std::string xml = ReadAll(report);
  ::close(output);
  ::close(report);
  if (pid < 0) return std::string("cannot fork: ") + ::strerror(errno);
  if (status != 0) {
    return "'" + words_.front() + " --gtest_list_tests' " +
           (WIFSIGNALED(status) ? std::string("was ended by ") + ::strsignal(WTERMSIG(status))
                                : "ended with status " + std::to_string(WEXITSTATUS(status))) +
           (text.empty() ? "" : "; it said:\n" + text);
  }
  XmlElement root;
  const bool reported = ParseXml(xml, &root).empty();
  *tests = reported ? ListOf(root) : ParseList(text);
  if (reported || !tests->empty()) return std::string();
  return "'" + words_.front() +
         "' is no GoogleTest program: asked by --gtest_list_tests, it lists "
         "none";
}

}  // namespace testcell::cli
