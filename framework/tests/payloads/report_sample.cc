// Writes the report of a run that is made up: report_sample json|html PATH.
// What it holds is as odd as what tests do and are called.
#include <cstdio>
#include <cstring>

#include "../report_builder.h"

namespace testcell::report {
namespace {

Test Crashed(const char* name, int signal) {
  Test test = MakeTest(name);
  test.outcome.kind = OutcomeKind::kCrashed;
  test.outcome.signal = signal;
  test.outcome.exit_status = -1;
  return test;
}

void AddServerTests(Recorder* recorder) {
  const Uses port(UseKind::kTcp, "0.0.0.0:80");
  Leak process = MakeLeak(LeakKind::kProcess, "sleep 1000 (pid 7)");
  process.detail = {{"parent", "server_test (pid 2)"}, {"age_ms", "30"}, {"zip", "007"}};
  const Leak logger = MakeLeak(LeakKind::kThread, "logger (tid 3)");
  recorder->Add(MakeTest("Server.Starts") | port | process | logger | Ran{0, 40});
  recorder->Add(MakeTest("Server.StartsAgain") | port | logger | Ran{2, 35} |
                Uses(UseKind::kPath, "/tmp/state"));
  Test failed =
      Crashed("Server.Crashes", 11) | logger | Ran{41, 10} | Uses(UseKind::kTcp, "[::]:80");
  recorder->Add(failed);
  Test exited = Crashed("Server.Exits", 0) | logger | Ran{38, 5};
  exited.outcome.exit_status = 3;
  recorder->Add(exited);
}

void AddOddTests(Recorder* recorder) {
  const std::string hostile = "</script><script>document.title='gone'</script>";
  Leak state = MakeLeak(LeakKind::kFile, "/tmp/\xff\"&<b>" + hostile);
  state.detail = {{"<i>", "</i>&amp;"}};
  Test odd = MakeTest("Odd<b>/0." + hostile) | state | Ran{50, 3} |
             Uses(UseKind::kPath, "/tmp/" + hostile);
  recorder->Add(odd);
  recorder->Add(MakeTest("Odd.Other") | Uses(UseKind::kPath, "/tmp/" + hostile) | Ran{50, 4} |
                Escape("/srv/shared"));
  Test skipped = MakeTest("Odd.Skipped") | Escape("/srv/shared") | Ran{51, 2};
  skipped.outcome.kind = OutcomeKind::kSkipped;
  recorder->Add(skipped);
  Test in_process = MakeTest("Plain.InProcess") | Ran{60, 1};
  in_process.in_process = true;
  in_process.examined = false;
  recorder->Add(in_process);
  Test interrupted = MakeTest("Plain.Interrupted") | Ran{61, 1} |
                     Uses(UseKind::kTcp, "127.0.0.1:81", UsedBy::kSuiteSetUp);
  interrupted.outcome.kind = OutcomeKind::kInterrupted;
  interrupted.outcome.signal = 2;
  recorder->Add(interrupted);
}

Run MakeRun() {
  Recorder recorder;
  recorder.Allow({LeakKind::kFd, "fd *", "is never left"}, "");
  std::vector<Leak> allowed = {MakeLeak(LeakKind::kPosixShm, "/segment")};
  recorder.Judge("Cache", {{LeakKind::kPosixShm, "/seg*", "kept on purpose"}}, &allowed);
  Test keeps = MakeTest("Cache.Keeps") | allowed[0] |
               MakeLeak(LeakKind::kThread, "logger (tid 4)") | Ran{45, 9};
  keeps.not_listed = 7;
  recorder.Add(keeps);
  AddServerTests(&recorder);
  AddOddTests(&recorder);
  recorder.AddLeaks("Broken", {MakeLeak(LeakKind::kZombie, "true (pid 9)")});
  Recorder::End end;
  end.jobs = 4;
  end.wall = std::chrono::milliseconds(70);
  return recorder.Finish(end);
}

}  // namespace
}  // namespace testcell::report

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const testcell::report::Run run = testcell::report::MakeRun();
  const bool html = std::strcmp(argv[1], "html") == 0;
  const std::string error = testcell::report::WriteFile(
      argv[2], html ? testcell::report::Html(run) : testcell::report::Json(run));
  std::fputs(error.c_str(), stderr);
  return error.empty() ? 0 : 1;
}
