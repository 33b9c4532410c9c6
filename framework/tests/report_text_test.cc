// The whole summary, as it stands on a terminal of 80 columns.
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "report/columns.h"
#include "report_builder.h"
#include "testcell/internal/report.h"

namespace testcell::report {
namespace {

std::string Summary(const Recorder& recorder) { return Text(recorder.Finish({}), TextStyle()); }

TEST(Text, IsSilentWhenThereIsNothingToSay) {
  Recorder recorder;
  EXPECT_EQ(Summary(recorder), "");
  recorder.Add(MakeTest("A.a") | Uses(UseKind::kTcp, "[::]:80"));
  recorder.Add(MakeTest("A.b") | Uses(UseKind::kTcp, "[::]:81"));
  EXPECT_EQ(Summary(recorder), "");
}

TEST(Text, CellsThatWereUsedAgain) {
  Recorder recorder;
  report::Test reused = MakeTest("A.b");
  reused.outcome.reused = true;
  recorder.Add(MakeTest("A.a"));
  recorder.Add(reused);
  Recorder::End end;
  end.reuse = true;
  EXPECT_EQ(Text(recorder.Finish(end), TextStyle()),
            "[  REUSE   ] 1 of 2 tests had a cell that another had left clean\n");
}

TEST(Text, LeaksByTest) {
  Recorder recorder;
  Leak process = MakeLeak(LeakKind::kProcess, "sleep 1000 (pid 7)");
  process.detail = {{"pid", "7"}, {"parent", "server_test (pid 2)"}, {"age_ms", "30"}};
  Leak discarded = MakeLeak(LeakKind::kFile, "build/core");
  discarded.detail = {{"size_bytes", "12"}, {"discarded", "true"}};
  recorder.Add(MakeTest("Server.Starts") | process | discarded);
  recorder.Add(MakeTest("Server.Stops"));
  recorder.Add(MakeTest("Server.Logs") | Escape("/var/log/server"));
  EXPECT_EQ(Summary(recorder),
            "[ testcell ] 3 leaks in 2 tests\n"
            "[   LEAK   ] Server.Starts\n"
            "             process: sleep 1000 (pid 7)\n"
            "               parent server_test (pid 2), age 30 ms\n"
            "             file: build/core (gone with the cell)\n"
            "               size 12 bytes\n"
            "[   LEAK   ] Server.Logs\n"
            "             file: /var/log/server (outside the cell, still there)\n");
}

TEST(Text, FlakyTests) {
  Recorder recorder;
  report::Test flaky = MakeTest("Server.Starts");
  flaky.attempts = 3;
  flaky.flaky = true;
  report::Test failed = MakeTest("Server.Stops");
  failed.attempts = 3;
  failed.outcome.kind = OutcomeKind::kFailed;
  recorder.Add(flaky);
  recorder.Add(failed);
  EXPECT_EQ(Summary(recorder),
            "[ testcell ] 1 flaky test\n"
            "[  FLAKY   ] Server.Starts: both failed and passed in 3 attempts\n");
}

TEST(Text, RunWideAndAllowed) {
  Recorder recorder;
  recorder.Allow({LeakKind::kFile, "/tmp/cache*", "kept for the next start"}, "");
  recorder.Allow({LeakKind::kFd, "fd 9*", "never came"}, "");
  for (const char* name : {"A.a", "A.b", "A.c", "A.d"}) {
    report::Test test = MakeTest(name) | MakeLeak(LeakKind::kThread, "logger") |
                        MakeLeak(LeakKind::kFile, "/tmp/cache");
    recorder.Judge("A", {}, &test.leaks);
    recorder.Add(test);
  }
  recorder.AddLeaks("Broken", {MakeLeak(LeakKind::kProcess, "nginx (pid 3)")});
  EXPECT_EQ(Summary(recorder),
            "[ testcell ] 1 run-wide leak, 1 leak of set-ups\n"
            "[   LEAK   ] run-wide: 4 tests leave this alike\n"
            "             thread: logger\n"
            "             to allow it: testcell::AllowLeak(testcell::LeakKind::kThread,\n"
            "               \"PATTERN\", \"REASON\") in main()\n"
            "[   LEAK   ] Broken, whose set-up did not succeed\n"
            "             process: nginx (pid 3)\n"
            "[ ALLOWED  ] 4 leaks: file /tmp/cache* (kept for the next start)\n"
            "[ ALLOWED  ] matched nothing: fd fd 9* (never came)\n");
}

TEST(Text, ATestsOwnAllowanceIsToldOfThoughOthersDidNotRun) {
  Recorder recorder;
  recorder.Allow({LeakKind::kFile, "/tmp/x", "for a test that was not run"}, "");
  std::vector<Leak> none;
  recorder.Judge("A", {{LeakKind::kFile, "/tmp/y", "too careful"}}, &none);
  Recorder::End end;
  end.left_out = true;
  EXPECT_EQ(Text(recorder.Finish(end), TextStyle()),
            "[ ALLOWED  ] matched nothing: file /tmp/y (too careful)\n");
}

TEST(Text, ConflictsWithAdvice) {
  Recorder recorder;
  for (const char* name : {"Server.Starts", "Server.StartsAgain", "Client.Connects"}) {
    recorder.Add(MakeTest(name) | Uses(UseKind::kTcp, "0.0.0.0:80") |
                 Uses(UseKind::kPath, "/tmp/server") | Uses(UseKind::kPath, "/tmp/server/pid"));
  }
  recorder.Add(MakeTest("Log.Rotates") | Escape("/var/log/x") | Ran{0, 9});
  recorder.Add(MakeTest("Log.Grows") | Escape("/var/log/x") | Ran{5, 9});
  report::Run run = recorder.Finish({});
  for (report::Test& test : run.tests) test.leaks.clear();
  EXPECT_EQ(Text(run, TextStyle()),
            "[ testcell ] 3 conflicts\n"
            "[ CONFLICT ] path /var/log/x: 2 tests DID collide, on the host\n"
            "             Log.Rotates, Log.Grows\n"
            "[ CONFLICT ] tcp 0.0.0.0:80: 3 tests would collide\n"
            "             Server.Starts, Server.StartsAgain, Client.Connects\n"
            "[ CONFLICT ] path /tmp/server: 3 tests would collide\n"
            "             Server.Starts, Server.StartsAgain, Client.Connects\n"
            "[ CONFLICT ] Cells share the host's files. Options::copy_on_write gives each\n"
            "             test its own, Options::exclusive lets one in at a time.\n"
            "[ CONFLICT ] In cells the others don't. Without cells, ctest -j needs:\n"
            "set_tests_properties(Log.Rotates Log.Grows\n"
            "  PROPERTIES RESOURCE_LOCK \"path_/var/log/x\")\n"
            "set_tests_properties(Server.Starts Server.StartsAgain Client.Connects\n"
            "  PROPERTIES RESOURCE_LOCK \"tcp_80;path_/tmp/server\")\n");
}

TEST(Text, ConflictsThatCellsDoNotPrevent) {
  Recorder recorder;
  recorder.Add(MakeTest("Log.Rotates") | Shares{"/var/log/x"} | Ran{0, 5});
  recorder.Add(MakeTest("Log.Grows") | Shares{"/var/log/x"} | Ran{5, 9});
  EXPECT_EQ(Summary(recorder),
            "[ testcell ] 1 conflict\n"
            "[ CONFLICT ] path /var/log/x: 2 tests would collide, in cells too\n"
            "             Log.Rotates, Log.Grows\n"
            "[ CONFLICT ] Cells share the host's files. Options::copy_on_write gives each\n"
            "             test its own, Options::exclusive lets one in at a time.\n"
            "[ CONFLICT ] Without cells, ctest -j needs:\n"
            "set_tests_properties(Log.Rotates Log.Grows\n"
            "  PROPERTIES RESOURCE_LOCK \"path_/var/log/x\")\n");
}

TEST(Text, LongListsAreCut) {
  Recorder recorder;
  for (int i = 0; i < 60; ++i) {
    report::Test test = MakeTest("Suite.Test" + std::to_string(i)) | Uses(UseKind::kTcp, "[::]:80");
    for (int j = 0; j < 9; ++j) {
      test.leaks.push_back(
          MakeLeak(LeakKind::kFile, "/tmp/of" + std::to_string(i) + "/" + std::to_string(j)));
    }
    recorder.Add(test);
  }
  const std::string text = Summary(recorder);
  EXPECT_NE(text.find("             file: /tmp/of9/7\n"
                      "             and 1 more; see --testcell_report=json:PATH\n"
                      "[   LEAK   ] and in 50 more tests; see --testcell_report=json:PATH\n"),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find("             Suite.Test0, Suite.Test1, Suite.Test2, Suite.Test3, Suite.Test4,\n"
                "               Suite.Test5 and 54 more\n"
                "[ CONFLICT ] In cells they don't. Without cells, ctest -j needs:\n"
                "             and 1 more; see --testcell_report=html:PATH\n"),
      std::string::npos)
      << text;
}

TEST(Text, StaysWithinItsColumnsAndActsOnNoTerminal) {
  Recorder recorder;
  const std::string hostile = "\033[2J/tmp/" + std::string(300, 'x') + "\n[       OK ] Fake.Test";
  Leak leak = MakeLeak(LeakKind::kFile, hostile);
  leak.detail = {{"owner", std::string(200, 'y')}};
  recorder.Add(MakeTest("Suite." + std::string(150, 'n')) | leak | Uses(UseKind::kPath, hostile));
  recorder.Add(MakeTest("Suite.b") | Uses(UseKind::kPath, hostile));
  recorder.Allow({LeakKind::kFd, hostile, hostile}, "");
  const std::string text = Summary(recorder);
  EXPECT_EQ(text.find('\033'), std::string::npos);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_NE(line.substr(0, 12), "[       OK ]");
    // What is to be pasted is not broken.
    if (line.find("set_tests_properties") == 0 || line.find("  ") == 0) continue;
    EXPECT_LE(Columns(line), 80U) << line;
  }
}

TEST(Text, Colours) {
  Recorder recorder;
  recorder.Add(MakeTest("A.a") | MakeLeak(LeakKind::kFile, "/tmp/x"));
  TextStyle style;
  style.color = true;
  EXPECT_EQ(Text(recorder.Finish({}), style),
            "\033[0;33m[ testcell ]\033[m 1 leak in 1 test\n"
            "\033[0;33m[   LEAK   ]\033[m A.a\n"
            "             file: /tmp/x\n");
}

}  // namespace
}  // namespace testcell::report
