#include "flags.h"

namespace testcell {
namespace internal {
namespace {

const Choice<Isolate> kIsolate[] = {
    {"all", Isolate::kAll}, {"marked", Isolate::kMarked}, {"off", Isolate::kOff}};
const Choice<Output> kOutput[] = {{"immediate", Output::kImmediate}, {"failed", Output::kFailed}};
const Choice<bool> kShard[] = {{"auto", true}, {"", false}};
const Choice<bool> kEnvironments[] = {{"cell", false}, {"parent", true}};
const Choice<bool> kKeep[] = {{"none", false}, {"failed", true}};
const Choice<Suites> kSuites[] = {
    {"cell", Suites::kCell}, {"parent", Suites::kParent}, {"shared", Suites::kShared}};
const Choice<Listeners> kListeners[] = {
    {"parent", Listeners::kParent}, {"cell", Listeners::kCell}, {"both", Listeners::kBoth}};

const Choice<Reuse> kReuse[] = {{"never", Reuse::kNever}, {"clean", Reuse::kClean}};

// A full name, as --gtest_list_tests would have it, and not a filter.
std::function<bool(const std::string&)> MakeTestName(std::string* name) {
  return [name](const std::string& text) {
    *name = text;
    return text.empty() ||
           (text.find_first_of("*?:-") == std::string::npos && text.find('.') != std::string::npos);
  };
}

// As sha256sum(1) prints it, with or without the file's name; not all of it is needed.
bool ParseDigest(const std::string& text, std::string* digest) {
  constexpr std::size_t kFewest = 16;
  constexpr std::size_t kAll = 64;
  *digest = text.substr(0, text.find(' '));
  return text.empty() || (digest->size() >= kFewest && digest->size() <= kAll &&
                          digest->find_first_not_of("0123456789abcdef") == std::string::npos);
}

}  // namespace

FlagTable PluginFlagTable(Flags* flags) {
  FlagTable table = {{"isolate", "(all|marked|off)",
                      "Which tests run in cells: all, those whose fixture derives from\n"
                      "      testcell::Test, or none. [all]",
                      MakeChoice(kIsolate, &flags->isolate)}};
  for (Flag& flag : CellFlagTable(flags)) table.push_back(std::move(flag));
  for (Flag& flag : FlagTable{
           {"output", "(immediate|failed)",
            "When a test's own stdout and stderr are shown: as they come, in the\n"
            "      order of the tests, or only if the test fails. [immediate]",
            MakeChoice(kOutput, &flags->output)},
           {"environments", "(cell|parent)",
            "Where global Environments are set up: in every cell, or once, in the\n"
            "      parent, before any cell. [cell]",
            MakeChoice(kEnvironments, &flags->environments_in_parent)},
           {"suites", "(cell|parent|shared)",
            "Where SetUpTestSuite runs: in every cell; once, in the parent, before\n"
            "      the suite's cells; or the cases of a suite share one cell, in order.\n"
            "      [cell]",
            MakeChoice(kSuites, &flags->suites)},
           {"listeners", "(parent|cell|both)",
            "Where listeners see test events; those added by\n"
            "      testcell::AddCellListener always do so in the cell. With both, what a\n"
            "      listener prints is shown from both places. [parent]",
            MakeChoice(kListeners, &flags->listeners)},
           {"debug", "TEST",
            "That test alone, in a cell like any other, but in the foreground: with\n"
            "      the terminal and stdin, and without a time limit. []",
            MakeTestName(&flags->debug)},
           {"explain", "TEST",
            "Say which other test that one depends on, which one breaks it, or what it\n"
            "      needs of what cells hide: by running it alone and after others. []",
            MakeTestName(&flags->explain)},
           {"serial", "FILTER", "Tests that run alone, beside no other cell; as --gtest_filter. []",
            [flags](const std::string& text) {
              flags->serial = text;
              return true;
            }},
           {"history", "FILE",
            "Durations of earlier runs, read and updated: tests that take long, or that\n"
            "      it does not know, start first. []",
            [flags](const std::string& text) { return ParsePath(text, &flags->history); }},
           {"retries", "COUNT",
            "How often a test that fails is run again, in a fresh cell; one that passes\n"
            "      then has passed, and is reported as flaky. Tests are shown when they\n"
            "      have ended. [0]",
            [flags](const std::string& text) { return ParseCount(text, &flags->retries); }},
           {"reuse", "(never|clean)",
            "Whether a cell serves one test, or also others as long as each has left it\n"
            "      as it was: these run without capabilities, but for low ports. [never]",
            MakeChoice(kReuse, &flags->reuse)},
           {"artifacts", "DIRECTORY",
            "Where to keep, of each failed test, its output, files, processes, sockets\n"
            "      and loopback traffic, in a directory of its own. []",
            [flags](const std::string& text) { return ParsePath(text, &flags->artifacts); }},
           {"keep", "(none|failed)",
            "Keep the cells of failed tests as they are, for testcell enter, until the\n"
            "      run, which waits for it, is interrupted or Enter is pressed. [none]",
            MakeChoice(kKeep, &flags->keep_failed)},
           {"shard", "(auto)",
            "Which shard of the tests this is, and of how many: as the engine says that\n"
            "      is found in the environment, such as Bazel, Buildkite, CircleCI, GitLab\n"
            "      CI, Kubernetes or Slurm; GoogleTest's own variables come first. []",
            MakeChoice(kShard, &flags->shard_auto)},
           {"balance", "SHA256",
            "The history divides tests among shards, so that all take about as long: it\n"
            "      has to be the file that all shards have, by its SHA-256, and is not\n"
            "      updated. []",
            [flags](const std::string& text) { return ParseDigest(text, &flags->balance); }}}) {
    table.push_back(std::move(flag));
  }
  for (Flag& flag : FindingFlagTable(flags)) table.push_back(std::move(flag));
  return table;
}

std::string FlagsHelp() {
  Flags flags;
  return "\nTests run in cells: each in Linux namespaces of its own, with a private\n"
         "network, /tmp and working directory. Each of these flags can be given in the\n"
         "environment, too, as TESTCELL_NAME:\n\nTest Isolation:\n" +
         DescribeFlags(PluginFlagTable(&flags));
}

}  // namespace internal
}  // namespace testcell
