// The start of a testcell::Server: what counts as ready, and what is said when
// it does not come to that.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <atomic>
#include <fstream>
#include <stdexcept>

#include "server_fixture.h"

namespace testcell {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

TEST_F(ServerTest, IsReadyWhenItListensOnTcpAndSeesNoConnection) {
  FreePort port;
  Server server(Payload("listen", {"tcp", port.text()}, Ready::Tcp(port.number())));
  ASSERT_TRUE(server.Start()) << server.error();
  EXPECT_EQ(server.error(), "");
  EXPECT_GT(server.pid(), 0);
  EXPECT_TRUE(server.running());
  EXPECT_TRUE(server.Stop()) << server.error();
  EXPECT_EQ(server.Output(), "connections: 0\n");
  EXPECT_EQ(server.pid(), -1);
  EXPECT_FALSE(server.running());
}

TEST_F(ServerTest, IsReadyWhenItListensOnTcp6) {
  FreePort port(AF_INET6);
  if (port.number() == 0) GTEST_SKIP() << "there is no IPv6 here";
  Server server(Payload("listen", {"tcp6", port.text()}, Ready::Tcp(port.number())));
  EXPECT_TRUE(server.Start()) << server.error();
  EXPECT_TRUE(server.Stop()) << server.error();
}

TEST_F(ServerTest, IsReadyWhenItListensOnUnixPath) {
  const std::string path = Path("socket");
  Server server(Payload("listen", {"unix", path}, Ready::Unix(path)));
  EXPECT_TRUE(server.Start()) << server.error();
}

TEST_F(ServerTest, RelativeUnixPathIsThatOfTheServersDirectory) {
  ServerOptions options = Payload("listen", {"unix", "./socket"}, Ready::Unix("socket"));
  options.working_directory = directory_;
  Server server(options);
  EXPECT_TRUE(server.Start()) << server.error();
}

TEST_F(ServerTest, StaleSocketFileIsNoListener) {
  const std::string path = Path("socket");
  {
    Server before(Payload("listen", {"unix", path}, Ready::Unix(path)));
    ASSERT_TRUE(before.Start()) << before.error();
  }
  ServerOptions options = Payload("listen", {"unix", path}, Ready::Unix(path));
  Server server(options);
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(), AllOf(HasSubstr("exited with status 1 before it was ready"),
                                    HasSubstr("bind: Address already in use")));
}

TEST_F(ServerTest, IsReadyWhenItListensOnAbstractName) {
  const std::string name = "testcell-server-test-" + std::to_string(::getpid());
  Server server(Payload("listen", {"abstract", name}, Ready::Unix("@" + name)));
  EXPECT_TRUE(server.Start()) << server.error();
}

TEST_F(ServerTest, IsReadyByALineOnEitherStream) {
  for (const char* text : {"words on stdout", "last words on stderr\n"}) {
    Server server(Payload("exit", {"on-term", "0"}, Ready::Line(text)));
    EXPECT_TRUE(server.Start()) << server.error();
    EXPECT_THAT(server.Output(), HasSubstr(text));
  }
}

TEST_F(ServerTest, IsReadyWhenTheConditionHolds) {
  int calls = 0;
  Server server(Payload("chatty", {"0"}, Ready::When([&] { return ++calls == 3; })));
  EXPECT_TRUE(server.Start()) << server.error();
  EXPECT_EQ(calls, 3);
}

TEST_F(ServerTest, ConditionMayLookAtTheOutput) {
  Server* self = nullptr;
  Server server(Payload("chatty", {"1"},
                        Ready::When([&] { return self->Output() == "line 0000000001\ndone\n"; })));
  self = &server;
  EXPECT_TRUE(server.Start()) << server.error();
}

TEST_F(ServerTest, IsReadyWhenStartedEvenIfItEndsAtOnce) {
  Server server(Payload("exit", {"status", "0"}, Ready::Started()));
  EXPECT_TRUE(server.Start()) << server.error();
  siginfo_t ignored = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(server.pid()), &ignored, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(server.Stop()) << server.error();
}

TEST_F(ServerTest, ThrowingConditionIsAnError) {
  Server server(Payload("deaf", {}, Ready::When([]() -> bool { throw std::logic_error("boom"); })));
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(), HasSubstr("the condition of Ready::When threw: boom"));
  EXPECT_EQ(server.pid(), -1);
}

TEST_F(ServerTest, EarlyExitIsReportedWithStatusAndOutput) {
  FreePort port;
  Server server(Payload("exit", {"status", "3"}, Ready::Tcp(port.number())));
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(),
              AllOf(HasSubstr("server_exit (pid "), HasSubstr(") exited with status 3 before"),
                    HasSubstr("no socket listened on TCP port " + port.text()),
                    EndsWith("\nits output:\nlast words on stdout\nlast words on stderr")));
  EXPECT_EQ(server.Output(), "last words on stdout\nlast words on stderr\n");
  EXPECT_FALSE(server.running());
}

TEST_F(ServerTest, EarlyDeathIsReportedWithItsSignal) {
  Server server(Payload("exit", {"signal", std::to_string(SIGABRT)}, Ready::Line("never")));
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(),
              AllOf(HasSubstr("was killed by SIGABRT (Aborted) before it was ready"),
                    HasSubstr("\"never\" did not appear in its output"),
                    HasSubstr("last words on stderr")));
}

TEST_F(ServerTest, EarlyExitWithSuccessIsTakenForADaemons) {
  Server server(Payload("exit", {"status", "0"}, Ready::Line("never")));
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(), AllOf(HasSubstr("exited with status 0 before it was ready"),
                                    HasSubstr("stay in the foreground")));
}

TEST_F(ServerTest, SilentDeathIsSaidToBeSilent) {
  Server server(Payload("listen", {}, Ready::Line("never")));
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(), EndsWith("it wrote nothing to stdout and stderr"));
}

TEST_F(ServerTest, OnlyTheEndOfALongOutputIsInTheError) {
  ServerOptions options = Payload("chatty", {"1000"});
  options.start_deadline = milliseconds(0);
  Server* self = nullptr;
  options.ready = Ready::When([&self] {
    // Blocks past the deadline, until all of the output is there.
    while (self->Output().find("done") == std::string::npos) continue;
    return false;
  });
  Server server(options);
  self = &server;
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(),
              AllOf(HasSubstr("\nthe end of its output:\nline 0000000"),
                    EndsWith("line 0000001000\ndone"), Not(HasSubstr("0000000500"))));
}

TEST_F(ServerTest, ProgramThatIsNotThereIsAnError) {
  ServerOptions options;
  options.program = "no-such-server";
  options.environment = {{"PATH", "/nowhere"}};
  Server server(options);
  EXPECT_FALSE(server.Start());
  EXPECT_EQ(server.error(),
            "cannot start no-such-server: there is no such program in PATH (/nowhere) nor in "
            "/usr/local/sbin:/usr/sbin:/sbin");

  options.program = "/nowhere/server";
  Server absolute(options);
  EXPECT_FALSE(absolute.Start());
  EXPECT_EQ(absolute.error(),
            "cannot start /nowhere/server: /nowhere/server can't be executed: ENOENT (No such file "
            "or directory)");
}

TEST_F(ServerTest, FileThatIsNotExecutableIsAnError) {
  std::ofstream(Path("server")) << "text";
  ServerOptions options;
  options.program = Path("server");
  Server server(options);
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(), EndsWith("can't be executed: EACCES (Permission denied)"));

  options.program = "server";
  options.environment = {{"PATH", directory_}};
  Server searched(options);
  EXPECT_FALSE(searched.Start());
  EXPECT_THAT(searched.error(), EndsWith("but for " + Path("server") +
                                         ", which can't be executed: EACCES (Permission denied)"));

  options.program = directory_;
  Server directory(options);
  EXPECT_FALSE(directory.Start());
  EXPECT_THAT(directory.error(), EndsWith("can't be executed: EISDIR (Is a directory)"));
}

TEST_F(ServerTest, FileThatTheKernelDoesNotExecuteIsAnError) {
  std::ofstream(Path("server")) << "no format of a program";
  ASSERT_EQ(::chmod(Path("server").c_str(), 0755), 0);
  ServerOptions options;
  options.program = Path("server");
  Server server(options);
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(),
              HasSubstr("execve " + Path("server") + ": ENOEXEC (Exec format error)"));
}

TEST_F(ServerTest, WorkingDirectoryThatIsNotThereIsAnError) {
  ServerOptions options = Payload("deaf");
  options.working_directory = "/nowhere";
  Server server(options);
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(), HasSubstr("chdir to its working directory /nowhere: ENOENT (No such "
                                        "file or directory)"));
}

TEST_F(ServerTest, OptionsThatMakeNoSenseAreErrors) {
  const auto error_of = [](ServerOptions options) {
    Server server(std::move(options));
    EXPECT_FALSE(server.Start());
    return server.error();
  };
  EXPECT_EQ(error_of({}), "cannot start : ServerOptions::program is empty");
  EXPECT_THAT(error_of(Payload("deaf", {}, Ready::Tcp(0))), EndsWith("needs a port other than 0"));
  EXPECT_THAT(error_of(Payload("deaf", {}, Ready::Unix(""))), HasSubstr("Ready::Unix needs"));
  EXPECT_THAT(error_of(Payload("deaf", {}, Ready::Line(""))), EndsWith("Ready::Line needs a text"));
  EXPECT_THAT(error_of(Payload("deaf", {}, Ready::When(nullptr))), EndsWith("needs a callable"));
  ServerOptions options = Payload("deaf");
  options.environment = {{"A=B", "C"}};
  EXPECT_THAT(error_of(options), EndsWith("\"A=B\" can't name an environment variable"));
}

TEST_F(ServerTest, DeadlineIsReportedWithWhatListensInstead) {
  FreePort port;
  FreePort other;
  other.Listen();
  ServerOptions options = Payload("deaf", {}, Ready::Tcp(port.number()));
  options.start_deadline = milliseconds(20);
  Server server(options);
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(),
              HasSubstr("was not ready within 20 ms: no socket listened on TCP port " +
                        port.text() + "; what did listen: tcp "));
  EXPECT_FALSE(server.running());
}

TEST_F(ServerTest, DeadlineIsReportedWithTheOutput) {
  const std::string fifo = Path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  ServerOptions options =
      Payload("stuck", {fifo}, Ready::When([fifo] {
                const posix::UniqueFd written(::open(fifo.c_str(), O_RDONLY | O_CLOEXEC));
                return false;
              }));
  options.start_deadline = milliseconds(0);
  Server server(options);
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(),
              EndsWith(") was not ready within 0 s: the condition of Ready::When did not hold\nits "
                       "output:\nstill loading"));
}

TEST_F(ServerTest, PortInUseIsAnErrorBeforeTheStart) {
  FreePort port;
  port.Listen();
  Server server(Payload("listen", {"tcp", port.text()}, Ready::Tcp(port.number())));
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(), EndsWith("server_listen: TCP port " + port.text() +
                                       " is already in use by another socket, which listens on "
                                       "tcp 127.0.0.1:" +
                                       port.text()));
  EXPECT_EQ(server.pid(), -1);
}

TEST_F(ServerTest, UnixSocketInUseIsAnErrorBeforeTheStart) {
  const std::string path = Path("socket");
  Server first(Payload("listen", {"unix", path}, Ready::Unix(path)));
  ASSERT_TRUE(first.Start()) << first.error();
  Server second(Payload("listen", {"unix", path}, Ready::Unix(path)));
  EXPECT_FALSE(second.Start());
  EXPECT_THAT(second.error(), HasSubstr("unix socket " + path + " is already in use"));
}

TEST_F(ServerTest, StartsWithCleanSignalsDescriptorsAndGroup) {
  const posix::UniqueFd inherited(::open("/dev/null", O_RDONLY));  // not O_CLOEXEC
  sigset_t block;
  sigset_t before;
  ::sigemptyset(&block);
  ::sigaddset(&block, SIGUSR1);
  ::sigprocmask(SIG_BLOCK, &block, &before);
  ::signal(SIGUSR2, SIG_IGN);
  ::setenv("SERVER_TEST_UNSET", "inherited", 1);

  ServerOptions options = Payload("report", {"one", "", "two words"}, Ready::Line("reported"));
  options.environment = {{"SERVER_TEST_SET", "yes"}, {"SERVER_TEST_UNSET", std::nullopt}};
  options.working_directory = directory_;
  Server server(options);
  EXPECT_TRUE(server.Start()) << server.error();

  sigset_t after;
  ::sigprocmask(SIG_SETMASK, &before, &after);
  EXPECT_EQ(::sigismember(&after, SIGUSR1), 1) << "the test's own mask has changed";
  EXPECT_EQ(::sigismember(&after, SIGUSR2), 0) << "the test's own mask has changed";
  ::signal(SIGUSR2, SIG_DFL);
  ::unsetenv("SERVER_TEST_UNSET");
  EXPECT_EQ(server.Output(),
            "fd 0 /dev/null\n"
            "fd 1 /memfd:testcell-server-output (deleted)\n"
            "fd 2 /memfd:testcell-server-output (deleted)\n"
            "leads its group: yes\n"
            "directory " +
                directory_ +
                "\n"
                "argument [one]\nargument []\nargument [two words]\n"
                "SERVER_TEST_SET=yes\nSERVER_TEST_UNSET=(unset)\n"
                "reported\n");
}

TEST_F(ServerTest, IsFoundInPathOfItsOwnEnvironment) {
  ServerOptions options = Payload("chatty", {"0"}, Ready::Line("done"));
  options.program = "server_chatty";
  options.environment = {{"PATH", TESTCELL_SERVER_PAYLOADS}};
  Server server(options);
  EXPECT_TRUE(server.Start()) << server.error();
}

std::atomic<long> alarms{0};

// The fastest timer that still lets anything else happen, without SA_RESTART:
// every call that can be interrupted is.
TEST_F(ServerTest, SurvivesAStormOfSignals) {
  struct sigaction action = {};
  action.sa_handler = [](int) { ++alarms; };
  ::sigaction(SIGALRM, &action, nullptr);
  const itimerval storm = {{0, 100}, {0, 100}};
  ::setitimer(ITIMER_REAL, &storm, nullptr);

  FreePort port;
  Server by_port(Payload("listen", {"tcp", port.text()}, Ready::Tcp(port.number())));
  EXPECT_TRUE(by_port.Start()) << by_port.error();
  const long alarms_then = alarms;
  Server by_line(Payload("chatty", {"1000"}, Ready::Line("done")));
  EXPECT_TRUE(by_line.Start()) << by_line.error();
  Server by_condition(
      Payload("report", {}, Ready::When([&] { return alarms > alarms_then + 100; })));
  EXPECT_TRUE(by_condition.Start()) << by_condition.error();
  EXPECT_TRUE(by_condition.Stop()) << by_condition.error();
  EXPECT_TRUE(by_line.Stop()) << by_line.error();
  EXPECT_TRUE(by_port.Stop()) << by_port.error();
  Server early(Payload("exit", {"status", "5"}, Ready::Line("never")));
  EXPECT_FALSE(early.Start());
  EXPECT_THAT(early.error(), HasSubstr("exited with status 5"));

  const itimerval calm = {};
  ::setitimer(ITIMER_REAL, &calm, nullptr);
  ::signal(SIGALRM, SIG_DFL);
}

TEST_F(ServerTest, StartsWhereStandardDescriptorsAreClosed) {
  const int status = ExitStatusInFork([] {
    for (int fd : {0, 1, 2}) ::close(fd);
    Server server(Payload("report", {}, Ready::Line("reported")));
    if (!server.Start()) return 1;
    if (server.Output().find("fd 2 /memfd:testcell-server-output") == std::string::npos) return 2;
    Server failing(Payload("deaf", {}, Ready::Line("")));
    if (failing.Start()) return 3;
    ServerOptions nowhere = Payload("deaf");
    nowhere.working_directory = "/nowhere";
    Server in_child(nowhere);
    if (in_child.Start() || in_child.error().find("chdir") == std::string::npos) return 4;
    return server.Stop() ? 0 : 5;
  });
  EXPECT_EQ(status, 0);
}

TEST_F(ServerTest, SecondStartIsAnErrorAndAnotherRunIsNot) {
  Server server(Payload("chatty", {"2"}, Ready::Line("done")));
  ASSERT_TRUE(server.Start()) << server.error();
  EXPECT_FALSE(server.Start());
  EXPECT_THAT(server.error(), EndsWith("has been started already"));
  EXPECT_TRUE(server.running());
  ASSERT_TRUE(server.Stop()) << server.error();
  ASSERT_TRUE(server.Start()) << server.error();
  EXPECT_EQ(server.Output(), "line 0000000001\nline 0000000002\ndone\n");
}

}  // namespace
}  // namespace testcell
