// What a run is told once: how much at a time, what is looked for, whom to ask
// and whom to tell.
//
// Between the plugin and the framework of one version only: nothing here is
// for users. Threads and forks: plain data; what is called, is called on the
// supervisor's thread.
#ifndef TESTCELL_INTERNAL_RUN_SETTINGS_H_
#define TESTCELL_INTERNAL_RUN_SETTINGS_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "testcell/internal/judge.h"
#include "testcell/options.h"

namespace testcell {
namespace internal {

class StatusLine;

// What is looked for beside the verdict; what is off costs nothing.
struct ProbeSettings {
  bool leaks = false;
  bool strict = false;  // with leaks: changed process state, too
  bool uses = false;
  bool all_uses = false;  // with uses: those that cost more to see, too
  // By themselves, without leaks and uses: whom processes of the cell connect to.
  bool connections = false;
};

// How much of this process's own surroundings a test process keeps.
enum class Attach {
  kNothing,   // stdin is empty, output comes as events, the session is the cell's
  kStreams,   // this process's stdin, stdout and stderr
  kTerminal,  // and its session and process group, so that the terminal's
              // signals and job control reach it as if there were no cell
};

// Whom a signal is for.
enum class Receiver : std::uint32_t {
  kTestProcess,
  kItsGroup,  // the cell's first process group, as a terminal would; not with kTerminal
  kAll,       // every process of the cell
};

struct RunSettings {
  int jobs = 1;                  // units at once, at least 1
  bool jobs_by_default = false;  // nobody asked for that many: one where tests could collide
  Fallback fallback = Fallback::kNone;
  bool must_isolate = false;          // nor may what `cwd` calls auto be shared
  std::chrono::milliseconds slow{0};  // after which a running unit is announced; zero: never
  // Stdout and stderr of this process are one file: the tests' are then one
  // pipe, and their order is exact.
  bool one_output = false;
  // For what Options leaves open.
  Tmp tmp = Tmp::kEmpty;
  WorkingDirectory cwd = WorkingDirectory::kAuto;
  Network net = Network::kPrivate;
  User user = User::kSelf;
  Reuse reuse = Reuse::kNever;
  std::vector<std::string> carry;  // added to those of Options
  ProbeSettings probes;
  Attach attach = Attach::kNothing;
  Judge* judge = nullptr;  // null: nobody asks; units are run once
  // An absolute path: where what failed tests have left is kept, in a directory
  // for each, as far as there is a judge. Empty: nowhere.
  std::string artifacts;
  // A failed test's cell stays as it is, as far as there is a judge, until
  // Supervisor::Release(), or the supervisor's end.
  bool keep = false;
  // Files that have to be visible in the cells although they lie in a
  // directory that is private: absolute paths.
  std::vector<std::string> visible;
  // A descriptor of the caller's own to be polled with everything else, and
  // what to call when it can be read. -1: none.
  int watched_fd = -1;
  std::function<void()> on_readable;
  // Unless kNothing is attached: a unit's test process was stopped by a signal.
  std::function<void(int unit, int signal)> on_stopped;
  // Where it is shown, while Next() waits, how far the run has come; null: nowhere.
  // It has to outlive the supervisor.
  StatusLine* status = nullptr;
  // A line for the person at the terminal, without its newline.
  std::function<void(const std::string&)> notice;
  // Called in the process that all workers are forked from, once a Fork.
  std::function<void()> on_fork;
};

}  // namespace internal
}  // namespace testcell

#endif  // TESTCELL_INTERNAL_RUN_SETTINGS_H_
