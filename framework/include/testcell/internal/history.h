// How long tests took in earlier runs, kept in a small file of text that all runs
// may share, at once, too.
//
//   History history;
//   std::string error = history.Load("durations");  // no file: nothing is known
//   spec.expected = history.Expected("Suite.Case");
//   history.Record("Suite.Case", outcome.wall);
//   error = history.Save();
//
// Between a plugin and the framework of one version only: nothing here is for
// users. Threads and forks: plain data; processes that load and save one file wait
// for each other.
#ifndef TESTCELL_INTERNAL_HISTORY_H_
#define TESTCELL_INTERNAL_HISTORY_H_

#include <chrono>
#include <map>
#include <string>

namespace testcell {
namespace internal {

class History {
 public:
  // Empty, or why the file can't be read or is none of ours, as a sentence. An
  // empty path: nothing is kept.
  std::string Load(const std::string& path);
  // A file that stays as it is, so that Record() and Save() do nothing: the one whose
  // SHA-256 begins with `digest`.
  std::string LoadFixed(const std::string& path, const std::string& digest);
  // Zero: unknown.
  std::chrono::milliseconds Expected(const std::string& test) const;
  void Record(const std::string& test, std::chrono::microseconds took);
  // Adds what was recorded to what the file holds by now: a test's duration is the
  // mean of what was known and what it took.
  std::string Save();

 private:
  std::string path_;
  std::map<std::string, long long> known_;  // milliseconds, at least 1
  std::map<std::string, long long> recorded_;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_HISTORY_H_
