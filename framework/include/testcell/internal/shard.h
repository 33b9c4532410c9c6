// Which part of a program's tests is to run here: a shard, whose number and whose
// count come from the engine that started the program, and how tests are divided
// so that all shards take about as long.
//
//   FoundShard found = FindShard([](const char* name) { return std::getenv(name); });
//   if (!found.error.empty()) Refuse(found.error);
//   if (found.engine.empty()) RunAll();
//   std::vector<int> shard_of = DivideEvenly(tests, found.count);
//
// Between a plugin and the framework of one version only: nothing here is for
// users. Threads and forks: plain data, and functions of their arguments.
#ifndef TESTCELL_INTERNAL_SHARD_H_
#define TESTCELL_INTERNAL_SHARD_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace testcell {
namespace internal {

struct FoundShard {
  std::string error;   // what is wrong with the variables, as a sentence; empty: nothing
  std::string engine;  // "GitLab CI"; empty: there is none
  std::string said;    // "CI_NODE_INDEX=2, CI_NODE_TOTAL=3"
  int index = 0;       // from 0
  int count = 1;
  // The file to touch as a sign that shards are understood (Bazel); empty: none.
  std::string status_file;
};

// `variable` gives the value of a variable of the environment, or null. An empty
// one counts as none.
FoundShard FindShard(const std::function<const char*(const char*)>& variable);

struct TimedTest {
  std::string name;
  std::chrono::milliseconds expected{0};  // 0: unknown
};

// The shard of each test. It depends on names, durations and the count alone: what
// is the same for all shards gives the same answer to all of them. Each test is in
// exactly one; a shard is empty only if there are fewer tests than shards, and
// then it is one of the last.
std::vector<int> DivideEvenly(const std::vector<TimedTest>& tests, int shards);

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_SHARD_H_
