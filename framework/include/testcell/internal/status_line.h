// One line at a terminal that says how far a run has come, below what the run
// prints, while it waits.
//
//   if (StatusLine::Wanted(STDOUT_FILENO)) settings.status = &line;
//   line.Show(progress);  // drawn below the cursor, which stays where it is
//   line.Hide();          // before anything else is printed
//
// Between a plugin and the framework of one version only: nothing here is for
// users. Threads and forks: one thread; a forked process draws nothing.
#ifndef TESTCELL_INTERNAL_STATUS_LINE_H_
#define TESTCELL_INTERNAL_STATUS_LINE_H_

#include <chrono>
#include <optional>
#include <string>

namespace testcell {
namespace internal {

struct Progress {
  int total = 0;  // tests in cells
  int done = 0;
  int running = 0;  // cells
  int failed = 0;
  std::string slowest;  // of those that run; empty: none
  std::chrono::milliseconds slowest_for{0};
  std::optional<std::chrono::milliseconds> left;  // by what tests took in earlier runs
};

// "[ testcell ] 12 of 40 done, 4 running, 1 failed, 0:20 left; longest: A.b 0:12",
// without colours, and in printable ASCII of at most this many columns.
std::string StatusText(const Progress& progress, std::size_t columns);

class StatusLine {
 public:
  explicit StatusLine(int fd) : fd_(fd) {}

  // Is it a terminal that can move its cursor, with somebody before it? Not where
  // TERM is dumb or missing, nor where CI is set.
  static bool Wanted(int fd);

  // Nothing is written while the terminal takes nothing, or is another job's.
  void Show(const Progress& progress);
  void Hide();

 private:
  void Write(const std::string& text) const;

  int fd_;
  std::string shown_;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_STATUS_LINE_H_
