// Lesson 7: a real database for every test case, empty and on its usual port.
//
// Each test has its own redis on port 6379 with its own /tmp/redis/dump.rdb. No
// test flushes the database, picks keys that nobody else uses, or waits for
// the others: what INCR gives is exact. Here Server waits for a line of the
// program's output; lesson 6 waits for the port.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/redis_client.h"
#include "testcell/server.h"

namespace {

testcell::ServerOptions RedisOptions(std::vector<std::string> more = {}) {
  testcell::ServerOptions options;
  options.program = "redis-server";
  options.arguments = {"--dir", "/tmp/redis", "--save", "", "--repl-diskless-sync-delay", "0"};
  options.arguments.insert(options.arguments.end(), more.begin(), more.end());
  options.ready = testcell::Ready::Line("Ready to accept connections");
  return options;
}

class Redis : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory("/tmp/redis");
    ASSERT_TRUE(server_.Start()) << server_.error();
  }

  testcell::Server server_{RedisOptions()};
};

TEST_F(Redis, StartsEmpty) { EXPECT_EQ(RedisClient().Ask("DBSIZE"), "0"); }

TEST_F(Redis, KeepsAValue) {
  RedisClient redis;
  EXPECT_EQ(redis.Ask("SET", "colour", "green"), "OK");
  EXPECT_EQ(redis.Ask("GET", "colour"), "green");
  EXPECT_EQ(redis.Ask("GET", "shape"), "(nil)");
}

TEST_F(Redis, CountsFromOne) {
  RedisClient redis;
  EXPECT_EQ(redis.Ask("INCR", "visits"), "1");
  EXPECT_EQ(redis.Ask("INCR", "visits"), "2");
}

TEST_F(Redis, ForgetsWhatExpires) {
  RedisClient redis;
  RedisClient watcher;
  redis.Ask("CONFIG", "SET", "notify-keyspace-events", "Ex");
  watcher.Ask("SUBSCRIBE", "__keyevent@0__:expired");
  EXPECT_EQ(redis.Ask("SET", "token", "secret", "EX", "100"), "OK");
  EXPECT_GT(std::stoi(redis.Ask("TTL", "token")), 0);
  EXPECT_EQ(redis.Ask("PEXPIRE", "token", "1"), "1");
  EXPECT_EQ(watcher.Receive(), "[message, __keyevent@0__:expired, token]");
  EXPECT_EQ(redis.Ask("EXISTS", "token"), "0");
}

TEST_F(Redis, KeepsLists) {
  RedisClient redis;
  EXPECT_EQ(redis.Ask("RPUSH", "queue", "a", "b", "c"), "3");
  EXPECT_EQ(redis.Ask("LPOP", "queue"), "a");
  EXPECT_EQ(redis.Ask("LRANGE", "queue", "0", "-1"), "[b, c]");
}

TEST_F(Redis, KeepsHashes) {
  RedisClient redis;
  EXPECT_EQ(redis.Ask("HSET", "user:1", "name", "Ada", "born", "1815"), "2");
  EXPECT_EQ(redis.Ask("HGET", "user:1", "name"), "Ada");
  EXPECT_EQ(redis.Ask("HINCRBY", "user:1", "born", "1"), "1816");
}

TEST_F(Redis, TellsSubscribers) {
  RedisClient publisher;
  RedisClient subscriber;
  EXPECT_EQ(subscriber.Ask("SUBSCRIBE", "news"), "[subscribe, news, 1]");
  EXPECT_EQ(publisher.Ask("PUBLISH", "news", "hello"), "1") << "subscribers of this test alone";
  EXPECT_EQ(subscriber.Receive(), "[message, news, hello]");
}

TEST_F(Redis, AbandonsATransactionWhoseKeyHasChanged) {
  RedisClient redis;
  RedisClient other;
  redis.Ask("WATCH", "stock");
  redis.Ask("MULTI");
  EXPECT_EQ(redis.Ask("DECR", "stock"), "QUEUED");
  other.Ask("SET", "stock", "5");
  EXPECT_EQ(redis.Ask("EXEC"), "(nil)");
}

TEST_F(Redis, AnswersAPipelineInOrder) {
  RedisClient redis;
  for (int i = 0; i < 100; ++i) redis.Send("INCR", "n");
  for (int i = 1; i <= 100; ++i) EXPECT_EQ(redis.Receive(), std::to_string(i));
}

TEST_F(Redis, RemembersAcrossARestart) {
  RedisClient().Ask("SET", "colour", "green");
  EXPECT_EQ(RedisClient().Ask("SAVE"), "OK");
  ASSERT_TRUE(server_.Stop()) << server_.error();
  ASSERT_TRUE(server_.Start()) << server_.error();
  EXPECT_EQ(RedisClient().Ask("GET", "colour"), "green");
}

TEST_F(Redis, CopiesToAReplica) {
  testcell::Server copy(RedisOptions({"--port", "6380", "--replicaof", "127.0.0.1 6379"}));
  ASSERT_TRUE(copy.Start()) << copy.error();
  RedisClient redis;
  redis.Ask("SET", "colour", "green");
  ASSERT_EQ(redis.Ask("WAIT", "1", "10000"), "1") << "the replica has not followed in 10 s";
  EXPECT_EQ(RedisClient(6380).Ask("GET", "colour"), "green");
}

}  // namespace
