// JSON reports as `testcell merge` gets them: each is refused, or is a run that can
// be joined with another one, written and read again.
#include <cstdint>
#include <string>

#include "../tests/report_builder.h"
#include "edited.h"
#include "testcell/internal/report.h"

namespace testcell::fuzz {
namespace {

report::Run MakeRun(const std::string& prefix) {
  report::Recorder recorder;
  recorder.Allow({LeakKind::kThread, "logger*", "lives on"}, "");
  for (const char* name : {"A.a", "A.b", "A.c", "B.d"}) {
    recorder.Add(report::MakeTest(prefix + name) |
                 report::MakeLeak(LeakKind::kThread, "logger (tid 3)") |
                 report::Uses(UseKind::kTcp, "0.0.0.0:80") |
                 report::Uses(UseKind::kUdp, "[::1]:53", UsedBy::kSuiteSetUp) |
                 report::Escape("/srv/x") | report::Ran{3, 40});
  }
  recorder.AddLeaks("Broken", {report::MakeLeak(LeakKind::kZombie, "true (pid 9)")});
  return recorder.Finish({});
}

void Read(Input* input) {
  static const std::string good = report::Json(MakeRun(""));
  static const report::Run other = MakeRun("Other");
  report::Run run;
  if (!report::ReadJson(Edited(good, input), &run).empty()) return;
  const std::string written = report::Json(report::Merge({other, run}));
  report::Run again;
  Require(report::ReadJson(written, &again).empty(), "what was written can be read");
}

}  // namespace
}  // namespace testcell::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  testcell::fuzz::Input input(data, size);
  testcell::fuzz::Read(&input);
  return 0;
}
