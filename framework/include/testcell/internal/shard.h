// Which part of a program's tests is to run here: a shard, whose number and whose
// count come from the engine that started the program.
//
//   FoundShard found = FindShard([](const char* name) { return std::getenv(name); });
//   if (!found.error.empty()) Refuse(found.error);
//   if (found.engine.empty()) RunAll();
//
// Between a plugin and the framework of one version only: nothing here is for
// users. Threads and forks: plain data, and a function of its argument.
#ifndef TESTCELL_INTERNAL_SHARD_H_
#define TESTCELL_INTERNAL_SHARD_H_

#include <functional>
#include <string>

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

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_SHARD_H_
