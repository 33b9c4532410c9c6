// Lesson 4: every test case has its own System V and POSIX IPC.
//
// Keys and names of shared memory, semaphores and message queues are the
// host's, like ports: two tests that create the same one collide, and one that
// dies before it removes its own spoils the next run. In a cell they are the
// test's alone, and what it leaves goes with the cell.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/shm.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace {

constexpr key_t kKey = 0x7e57ce11;

// IPC_EXCL and O_EXCL: it must not be there yet.
void CreateSharedMemory() {
  const int segment = shmget(kKey, 4096, IPC_CREAT | IPC_EXCL | 0600);
  ASSERT_GE(segment, 0) << std::strerror(errno);
  EXPECT_EQ(shmget(kKey, 0, 0), segment);
  EXPECT_EQ(shmctl(segment, IPC_RMID, nullptr), 0) << std::strerror(errno);
}

void CreateMessageQueues() {
  const int queue = msgget(kKey, IPC_CREAT | IPC_EXCL | 0600);
  ASSERT_GE(queue, 0) << std::strerror(errno);
  EXPECT_EQ(msgctl(queue, IPC_RMID, nullptr), 0) << std::strerror(errno);

  const mqd_t posix_queue = mq_open("/sample", O_CREAT | O_EXCL | O_RDWR, 0600, nullptr);
  ASSERT_GE(posix_queue, 0) << std::strerror(errno);
  EXPECT_EQ(mq_close(posix_queue), 0) << std::strerror(errno);
  EXPECT_EQ(mq_unlink("/sample"), 0) << std::strerror(errno);
}

TEST(SysvKey, CreatesSharedMemory) { CreateSharedMemory(); }

TEST(SysvKey, CreatesSharedMemoryOfTheSameKey) { CreateSharedMemory(); }

TEST(SysvKey, CreatesMessageQueues) { CreateMessageQueues(); }

TEST(SysvKey, CreatesMessageQueuesOfTheSameKey) { CreateMessageQueues(); }

}  // namespace
