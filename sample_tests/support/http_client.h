// Just enough of HTTP/1.1 to question a real server in a test.
//
//   EXPECT_EQ(Fetch("GET", "/index.html").status, 200);
//
//   HttpConnection connection(80);      // for several requests on one connection
//   connection.Request("GET", "/a");
//   connection.Request("GET", "/b", "Range: bytes=0-4\r\n");
//
// Throws what TcpClient throws.
#ifndef SAMPLE_TESTS_SUPPORT_HTTP_CLIENT_H_
#define SAMPLE_TESTS_SUPPORT_HTTP_CLIENT_H_

#include <cstdint>
#include <map>
#include <string>

#include "support/tcp_client.h"

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  // The header's value; empty if the server sent none.
  std::string Header(const std::string& name) const;
};

class HttpConnection {
 public:
  explicit HttpConnection(std::uint16_t port = 80);

  // Headers: whole lines, each ending in \r\n.
  HttpReply Request(const std::string& method, const std::string& path,
                    const std::string& headers = "");

  // Blocks until the server closes the connection.
  void WaitUntilClosed();

 private:
  void ReadHead(HttpReply* reply);
  std::string ReadChunks();

  TcpClient tcp_;
};

// One request on a connection of its own. Returns when the server has closed
// it, so that the server is done with the request, its log line written.
HttpReply Fetch(const std::string& method, const std::string& path,
                const std::string& headers = "");

#endif  // SAMPLE_TESTS_SUPPORT_HTTP_CLIENT_H_
