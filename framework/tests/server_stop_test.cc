// The end of a testcell::Server, and what is left of it: its output, and
// nothing else.
#include <gmock/gmock.h>

#include <optional>
#include <thread>

#include "server_fixture.h"

namespace testcell {
namespace {

using namespace std::string_literals;

using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// The pid after "child " in the family's output.
pid_t ChildOf(const Server& family) {
  const std::string output = family.Output();
  return std::atoi(output.substr(output.find("child ") + 6).c_str());
}

TEST_F(ServerTest, StopsByTerm) {
  Server server(Payload("chatty", {"1"}, Ready::Line("done")));
  ASSERT_TRUE(server.Start()) << server.error();
  const pid_t pid = server.pid();
  EXPECT_TRUE(server.Stop()) << server.error();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(server.Output(), "line 0000000001\ndone\n");
  EXPECT_TRUE(server.Stop()) << "a second time there is nothing to do";
}

TEST_F(ServerTest, StopWithoutStartDoesNothing) {
  Server server(Payload("deaf"));
  EXPECT_TRUE(server.Stop());
  EXPECT_EQ(server.pid(), -1);
  EXPECT_EQ(server.Output(), "");
}

TEST_F(ServerTest, StatusOfShellsForTermIsAsGoodAsZero) {
  for (const char* status : {"0", "143"}) {
    Server server(Payload("exit", {"on-term", status}, Ready::Line("stderr")));
    ASSERT_TRUE(server.Start()) << server.error();
    EXPECT_TRUE(server.Stop()) << server.error();
  }
}

TEST_F(ServerTest, BadStatusOnTermIsReported) {
  Server server(Payload("exit", {"on-term", "7"}, Ready::Line("stderr")));
  ASSERT_TRUE(server.Start()) << server.error();
  EXPECT_FALSE(server.Stop());
  EXPECT_THAT(server.error(),
              AllOf(HasSubstr("exited with status 7 when it was stopped by SIGTERM"),
                    EndsWith("last words on stderr")));
  EXPECT_TRUE(server.Stop()) << "the second time there is nothing to stop";
  EXPECT_EQ(server.error(), "");
}

TEST_F(ServerTest, DeathDuringTheTestIsReported) {
  Server server(Payload("deaf", {}, Ready::Line("deaf")));
  ASSERT_TRUE(server.Start()) << server.error();
  ::kill(server.pid(), SIGKILL);
  siginfo_t ignored = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(server.pid()), &ignored, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(server.running());
  EXPECT_GT(server.pid(), 0);
  EXPECT_FALSE(server.Stop());
  EXPECT_THAT(server.error(), HasSubstr("was killed by SIGKILL (Killed) before it was stopped"));
}

TEST_F(ServerTest, ServerThatIgnoresTermIsKilledAndReported) {
  ServerOptions options = Payload("deaf", {}, Ready::Line("deaf"));
  options.stop_grace = milliseconds(10);
  Server server(options);
  ASSERT_TRUE(server.Start()) << server.error();
  const std::string pid = std::to_string(server.pid());
  EXPECT_FALSE(server.Stop());
  EXPECT_THAT(server.error(), AllOf(HasSubstr("not all of "), HasSubstr("(pid " + pid + ") ended"),
                                    HasSubstr("within 10 ms of SIGTERM; killed: server_deaf (pid " +
                                              pid + ")\nits output:\ndeaf")));
  EXPECT_FALSE(server.running());
}

TEST_F(ServerTest, ServerThatHasLeftItsGroupIsKilled) {
  ServerOptions options = Payload("deaf", {"leaving"}, Ready::Line("deaf"));
  options.stop_grace = milliseconds(10);
  Server server(options);
  ASSERT_TRUE(server.Start()) << server.error();
  EXPECT_FALSE(server.Stop());
  EXPECT_THAT(server.error(), HasSubstr("was killed by SIGKILL (Killed) when it was stopped"));
}

TEST_F(ServerTest, StoppedServerIsContinuedForItsEnd) {
  Server server(Payload("exit", {"on-term", "0"}, Ready::Line("stderr")));
  ASSERT_TRUE(server.Start()) << server.error();
  ::kill(server.pid(), SIGSTOP);
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(server.pid()), &info, WSTOPPED), 0);
  EXPECT_TRUE(server.Stop()) << server.error();
}

TEST_F(ServerTest, StopsItsChildrenByTerm) {
  Server server(Payload("family", {"heeding"}, Ready::Line("child ")));
  ASSERT_TRUE(server.Start()) << server.error();
  const pid_t child = ChildOf(server);
  EXPECT_TRUE(server.Stop()) << server.error();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WNOHANG), child) << "it has not ended";
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST_F(ServerTest, ChildThatIgnoresTermIsKilledAndReported) {
  ServerOptions options = Payload("family", {"deaf"}, Ready::Line("child "));
  options.stop_grace = milliseconds(10);
  Server server(options);
  ASSERT_TRUE(server.Start()) << server.error();
  const pid_t child = ChildOf(server);
  EXPECT_FALSE(server.Stop());
  EXPECT_THAT(server.error(), HasSubstr("server_family (pid " + std::to_string(child) + ")"));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WNOHANG), child) << "it has not ended";
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(ServerTest, FailedStartTakesTheChildrenWithIt) {
  pid_t child = 0;
  ServerOptions options = Payload("family", {"deaf"});
  Server* self = nullptr;
  options.ready = Ready::When([&]() -> bool {
    if (self->Output().find('\n') == std::string::npos) return false;
    child = ChildOf(*self);
    throw child;
  });
  Server server(options);
  self = &server;
  EXPECT_FALSE(server.Start());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WNOHANG), child) << "it has not ended";
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(ServerTest, DestructorStopsAndSaysWhatIsWrong) {
  pid_t pid = 0;
  testing::internal::CaptureStderr();
  {
    Server server(Payload("exit", {"on-term", "7"}, Ready::Line("stderr")));
    ASSERT_TRUE(server.Start()) << server.error();
    pid = server.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(StartsWith("[testcell] "), HasSubstr("exited with status 7 when")));
}

TEST_F(ServerTest, DestructorIsSilentWhenAllIsWell) {
  testing::internal::CaptureStderr();
  { EXPECT_TRUE(Server(Payload("exit", {"on-term", "0"}, Ready::Line("stderr"))).Start()); }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(ServerTest, TwoServersAtOnce) {
  FreePort port;
  Server one(Payload("listen", {"tcp", port.text()}, Ready::Tcp(port.number())));
  Server two(Payload("chatty", {"1"}, Ready::Line("done")));
  ASSERT_TRUE(one.Start()) << one.error();
  ASSERT_TRUE(two.Start()) << two.error();
  EXPECT_NE(one.pid(), two.pid());
  EXPECT_TRUE(one.Stop()) << one.error();
  EXPECT_TRUE(two.running());
  EXPECT_EQ(one.Output(), "connections: 0\n");
  EXPECT_EQ(two.Output(), "line 0000000001\ndone\n");
}

TEST_F(ServerTest, TwoThreadsMayEachHaveTheirOwn) {
  const auto use = [] {
    for (int round = 0; round < 5; ++round) {
      Server server(Payload("chatty", {"1"}, Ready::Line("done")));
      EXPECT_TRUE(server.Start()) << server.error();
      EXPECT_TRUE(server.Stop()) << server.error();
    }
  };
  std::thread other(use);
  use();
  other.join();
}

TEST_F(ServerTest, MoveTakesTheServerAlong) {
  Server first(Payload("chatty", {"1"}, Ready::Line("done")));
  ASSERT_TRUE(first.Start()) << first.error();
  const pid_t pid = first.pid();
  Server second(std::move(first));
  EXPECT_EQ(second.pid(), pid);
  EXPECT_TRUE(second.running());
  // NOLINTBEGIN(bugprone-use-after-move): what is promised of it.
  EXPECT_EQ(first.pid(), -1);
  EXPECT_FALSE(first.running());
  EXPECT_FALSE(first.Start());
  EXPECT_NE(first.error(), "");
  EXPECT_TRUE(first.Stop());
  EXPECT_EQ(first.Output(), "");
  // NOLINTEND(bugprone-use-after-move)

  Server third(Payload("chatty", {"2"}, Ready::Line("done")));
  ASSERT_TRUE(third.Start()) << third.error();
  const pid_t replaced = third.pid();
  third = std::move(second);
  EXPECT_EQ(::kill(replaced, 0), -1);
  EXPECT_EQ(third.pid(), pid);
  EXPECT_TRUE(third.Stop()) << third.error();
}

TEST_F(ServerTest, ForkedChildLeavesTheServerAlone) {
  std::optional<Server> server(Payload("exit", {"on-term", "0"}, Ready::Line("stderr")));
  ASSERT_TRUE(server->Start()) << server->error();
  const int status = ExitStatusInFork([&] {
    if (server->Stop()) return 1;
    if (server->error().find("can't be stopped by process") == std::string::npos) return 2;
    server.reset();
    return 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(server->running());
  EXPECT_TRUE(server->Stop()) << server->error();
}

TEST_F(ServerTest, IgnoredSigchldIsNamedAsTheReason) {
  ::signal(SIGCHLD, SIG_IGN);
  Server server(Payload("chatty", {"1"}, Ready::Line("done")));
  EXPECT_TRUE(server.Start()) << server.error();
  EXPECT_FALSE(server.Stop());
  EXPECT_THAT(server.error(), HasSubstr("its status was taken by another wait"));
  ::signal(SIGCHLD, SIG_DFL);
}

TEST_F(ServerTest, BigOutputBlocksNothingAndIsBounded) {
  constexpr int kLines = 1 << 20;  // of 16 bytes
  ServerOptions options = Payload("chatty", {std::to_string(kLines)}, Ready::Line("done"));
  options.output_limit_bytes = 1000 * 16 + 5;  // "done\n"
  Server server(options);
  ASSERT_TRUE(server.Start()) << server.error();
  const std::string expected = "[testcell] " + std::to_string((kLines - 1000) * 16) +
                               " bytes before this were dropped\nline " +
                               "0001047577\nline 0001047578\n";
  for (const std::string& output : {server.Output(), (server.Stop(), server.Output())}) {
    EXPECT_THAT(output, AllOf(StartsWith(expected), EndsWith("line 0001048576\ndone\n")));
    EXPECT_EQ(output.size() - output.find('\n') - 1, options.output_limit_bytes);
  }
}

TEST_F(ServerTest, OutputIsShownOnceWhenTheTestHasFailed) {
  static bool failed;
  failed = false;
  internal::SetTestFailedQuery([] { return failed; });
  testing::internal::CaptureStderr();
  std::string expected;
  {
    Server server(Payload("chatty", {"1"}, Ready::Line("done")));
    ASSERT_TRUE(server.Start()) << server.error();
    expected = "[testcell] output of " + std::string(TESTCELL_SERVER_PAYLOADS) +
               "/server_chatty (pid " + std::to_string(server.pid()) +
               "):\nline 0000000001\ndone\n";
    EXPECT_TRUE(server.Stop()) << server.error();
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "the test had not failed yet";
    testing::internal::CaptureStderr();
    failed = true;
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), expected);
}

TEST_F(ServerTest, OutputOfAFailedStartIsShownWhereTheErrorHasOnlyItsEnd) {
  internal::SetTestFailedQuery([] { return true; });
  for (const auto& [lines, begin] :
       {std::pair("1", ""s), std::pair("1000", "[testcell] output"s)}) {
    testing::internal::CaptureStderr();
    {
      Server* self = nullptr;
      Server server(Payload("chatty", {lines}, Ready::When([&self]() -> bool {
                              if (self->Output().find("done") == std::string::npos) return false;
                              throw 1;
                            })));
      self = &server;
      EXPECT_FALSE(server.Start());
    }
    EXPECT_EQ(testing::internal::GetCapturedStderr().substr(0, 17), begin) << lines;
  }
}

TEST_F(ServerTest, StopShowsTheOutputOfAFailedTest) {
  internal::SetTestFailedQuery([] { return true; });
  Server silent(Payload("listen", {"unix", Path("socket")}, Ready::Unix(Path("socket"))));
  ASSERT_TRUE(silent.Start()) << silent.error();
  ::kill(silent.pid(), SIGKILL);
  testing::internal::CaptureStderr();
  EXPECT_FALSE(silent.Stop());
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(StartsWith("[testcell] output of "), EndsWith("):\n(none)\n")));
}

}  // namespace
}  // namespace testcell
