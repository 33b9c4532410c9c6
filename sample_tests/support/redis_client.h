// Just enough of redis's protocol (RESP) to question a real server in a test.
// Replies read as in redis-cli: "OK", "2", "(nil)", "[a, b]", "(error) ...".
//
//   RedisClient redis;
//   EXPECT_EQ(redis.Ask("SET", "colour", "green"), "OK");
//   EXPECT_EQ(redis.Ask("GET", "colour"), "green");
//
// Throws what TcpClient throws.
#ifndef SAMPLE_TESTS_SUPPORT_REDIS_CLIENT_H_
#define SAMPLE_TESTS_SUPPORT_REDIS_CLIENT_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "support/tcp_client.h"

class RedisClient {
 public:
  explicit RedisClient(std::uint16_t port = 6379) : tcp_(port) {}

  // Sends one command and waits for its reply.
  template <class... Word>
  std::string Ask(const Word&... words) {
    Send(words...);
    return Receive();
  }

  // The two halves of it, for pipelines and subscriptions.
  template <class... Word>
  void Send(const Word&... words) {
    SendWords({std::string_view(words)...});
  }
  std::string Receive();

 private:
  void SendWords(std::initializer_list<std::string_view> words);

  TcpClient tcp_;
};

#endif  // SAMPLE_TESTS_SUPPORT_REDIS_CLIENT_H_
