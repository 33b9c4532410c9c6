// A TCP connection to a server on 127.0.0.1, for tests: it reads by lines and
// by counts, and throws, naming what failed, instead of hanging.
//
//   TcpClient client(80);
//   client.Send("PING\r\n");
//   EXPECT_EQ(client.ReadLine(), "PONG");
//
// Throws std::system_error when a system call fails or the server says nothing
// for ten seconds, and std::runtime_error when it closes the connection early.
// GoogleTest reports either as a failure of the test.
#ifndef SAMPLE_TESTS_SUPPORT_TCP_CLIENT_H_
#define SAMPLE_TESTS_SUPPORT_TCP_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

class TcpClient {
 public:
  explicit TcpClient(std::uint16_t port);
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;
  ~TcpClient();

  void Send(std::string_view bytes);

  // Without the line's end, which is \n or \r\n.
  std::string ReadLine();
  std::string ReadExactly(std::size_t count);
  // Until the server closes the connection.
  std::string ReadToEnd();

 private:
  // False: the server has closed the connection.
  bool ReadMore();
  void NeedMore();
  std::string Take(std::size_t count);

  int fd_;
  std::string received_;
};

#endif  // SAMPLE_TESTS_SUPPORT_TCP_CLIENT_H_
