// Lesson 6: a real server for every test case, all on its usual port.
//
// Each test has its own nginx, with the port, the configuration file, the pid
// file and the log that every other test's has, too. testcell::Server starts
// it, waits until it listens, shows its output if the test fails, and stops
// and reaps it at the end. Nothing here sleeps.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "support/files.h"
#include "support/http_client.h"
#include "support/nginx_configuration.h"
#include "testcell/server.h"

namespace {

constexpr char kPage[] = "Hello from nginx, and once more: hello, hello, hello\n";
constexpr char kRules[] = R"(
    gzip on;
    location = /old { return 301 /index.html; }
    location = /version { return 200 1; }
    location /backend/ { proxy_pass http://127.0.0.1:8080/; }
)";

testcell::ServerOptions NginxIn(const std::string& directory, std::uint16_t port) {
  testcell::ServerOptions options;
  options.program = "nginx";
  options.arguments = {"-e", "stderr", "-p", directory, "-c", directory + "/nginx.conf"};
  options.ready = testcell::Ready::Tcp(port);
  return options;
}

class Nginx : public testing::Test {
 protected:
  void SetUp() override {
    ConfigureNginx("/tmp/nginx", 80, kRules);
    WriteFile("/tmp/nginx/index.html", kPage);
    ASSERT_TRUE(server_.Start()) << server_.error();
  }

  testcell::Server server_{NginxIn("/tmp/nginx", 80)};
};

TEST_F(Nginx, ServesAFile) {
  const HttpReply reply = Fetch("GET", "/index.html");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, kPage);
}

TEST_F(Nginx, SaysWhatItDoesNotHave) { EXPECT_EQ(Fetch("GET", "/nothing").status, 404); }

TEST_F(Nginx, AnswersHeadWithoutTheBody) {
  EXPECT_EQ(Fetch("HEAD", "/").Header("content-length"), std::to_string(sizeof kPage - 1));
}

TEST_F(Nginx, RefusesToPostToAFile) { EXPECT_EQ(Fetch("POST", "/index.html").status, 405); }

TEST_F(Nginx, AnswersTwiceOnOneConnection) {
  HttpConnection connection;
  EXPECT_EQ(connection.Request("GET", "/nothing").status, 404);
  EXPECT_EQ(connection.Request("GET", "/").body, kPage);
}

TEST_F(Nginx, ServesARange) { EXPECT_EQ(Fetch("GET", "/", "Range: bytes=0-4\r\n").body, "Hello"); }

TEST_F(Nginx, Compresses) {
  const HttpReply reply = Fetch("GET", "/", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(reply.Header("content-encoding"), "gzip");
  EXPECT_EQ(reply.body.substr(0, 2), "\x1f\x8b");
}

TEST_F(Nginx, Redirects) {
  const HttpReply reply = Fetch("GET", "/old");
  EXPECT_EQ(reply.status, 301);
  EXPECT_EQ(reply.Header("location"), "http://localhost/index.html");
}

// The log holds this test's one request, whatever the others ask meanwhile.
TEST_F(Nginx, LogsItsRequests) {
  Fetch("GET", "/index.html", "User-Agent: sample\r\n");
  const std::string log = ReadFile("/tmp/nginx/access.log");
  EXPECT_NE(log.find("\"GET /index.html HTTP/1.1\" 200"), std::string::npos) << log;
  EXPECT_EQ(log.find('\n'), log.size() - 1) << "more than one line: " << log;
}

TEST_F(Nginx, ReloadsItsConfiguration) {
  HttpConnection idle;
  ASSERT_EQ(idle.Request("GET", "/version").body, "1");
  ConfigureNginx("/tmp/nginx", 80, "location = /version { return 200 2; }");
  ASSERT_EQ(kill(server_.pid(), SIGHUP), 0);
  // The old worker lets go of its idle connections when the new one serves.
  idle.WaitUntilClosed();
  EXPECT_EQ(Fetch("GET", "/version").body, "2");
}

TEST_F(Nginx, PassesRequestsToAnotherServer) {
  ConfigureNginx("/tmp/backend", 8080, "");
  WriteFile("/tmp/backend/page", "from the backend");
  EXPECT_EQ(Fetch("GET", "/backend/page").status, 502) << "nobody listens there yet";
  testcell::Server backend(NginxIn("/tmp/backend", 8080));
  ASSERT_TRUE(backend.Start()) << backend.error();
  EXPECT_EQ(Fetch("GET", "/backend/page").body, "from the backend");
}

TEST_F(Nginx, StopsWhenAsked) {
  ASSERT_EQ(Fetch("GET", "/").status, 200);
  EXPECT_TRUE(server_.Stop()) << server_.error();
  EXPECT_FALSE(std::filesystem::exists("/tmp/nginx/pid"));
  EXPECT_THROW(Fetch("GET", "/"), std::system_error) << "somebody else listens on port 80";
}

}  // namespace
