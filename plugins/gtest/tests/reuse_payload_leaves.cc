// Tests that leave something in their cell: no other may have that cell after them.
#include <fcntl.h>
#include <linux/in6.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "reuse_payload.h"

namespace {

class Leaves : public reuse::Reuse {};

TEST_F(Leaves, AFile) { ASSERT_GE(::creat("/tmp/trace", 0600), 0); }

TEST_F(Leaves, TheTimeOfAFileThatIsGone) {
  ASSERT_GE(::creat("/tmp/trace", 0600), 0);
  ASSERT_EQ(::unlink("/tmp/trace"), 0);
}

TEST_F(Leaves, OtherRights) { ASSERT_EQ(::chmod("/tmp", 0700), 0); }

TEST_F(Leaves, AnAttribute) {
  if (::setxattr("/tmp", "user.trace", "x", 1, 0) != 0) {
    ASSERT_EQ(errno, EOPNOTSUPP);
    ASSERT_GE(::creat("/tmp/trace", 0600), 0);
  }
}

TEST_F(Leaves, AHost) {
  const int fd = ::open("/etc/hosts", O_WRONLY | O_APPEND | O_CLOEXEC);
  ASSERT_GE(fd, 0) << std::strerror(errno);
  ASSERT_EQ(::write(fd, "127.0.0.9 trace\n", 16), 16);
}

TEST_F(Leaves, AChangeBelowTheWorkingDirectory) { ASSERT_TRUE(reuse::Write("given", "changed")); }

TEST_F(Leaves, AFileInTheWorkingDirectory) { ASSERT_GE(::creat("made_by_a_test", 0600), 0); }

TEST_F(Leaves, NoFileInTheWorkingDirectory) { ASSERT_EQ(::unlink("given"), 0); }

TEST_F(Leaves, SharedMemory) { ASSERT_GE(::shm_open("/trace", O_CREAT | O_RDWR, 0600), 0); }

TEST_F(Leaves, SystemVSharedMemory) { ASSERT_GE(::shmget(reuse::kKey, 1, IPC_CREAT | 0600), 0); }

TEST_F(Leaves, Semaphores) { ASSERT_GE(::semget(reuse::kKey, 1, IPC_CREAT | 0600), 0); }

TEST_F(Leaves, AMessageQueue) { ASSERT_GE(::msgget(reuse::kKey, IPC_CREAT | 0600), 0); }

TEST_F(Leaves, APosixMessageQueue) {
  ASSERT_GE(::mq_open("/trace", O_CREAT | O_RDWR, 0600, nullptr), 0) << std::strerror(errno);
}

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

TEST_F(Leaves, AConnectionInTimeWait) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(reuse::kPort);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  ASSERT_EQ(::bind(listener, name, sizeof address), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::connect(client, name, sizeof address), 0);
  const int served = ::accept(listener, nullptr, nullptr);
  ::close(served);  // first: here it lingers
  ::close(client);
}

TEST_F(Leaves, AConnectionRefused) {
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(reuse::kPort);
  ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), -1);
}

TEST_F(Leaves, APacket) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(reuse::kPort);
  ASSERT_EQ(::sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address),
            1);
}

TEST_F(Leaves, AFlowLabel) {
  const int fd = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  in6_flowlabel_req request{};
  request.flr_dst.s6_addr[15] = 1;
  request.flr_label = htonl(0x12345);
  request.flr_action = IPV6_FL_A_GET;
  request.flr_share = IPV6_FL_S_EXCL;
  request.flr_flags = IPV6_FL_F_CREATE;
  request.flr_linger = 6;
  ASSERT_EQ(::setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, sizeof request), 0)
      << std::strerror(errno);
}

TEST_F(Leaves, AProcess) {
  if (::fork() == 0) {
    ::pause();
    ::_exit(0);
  }
}

TEST_F(Leaves, ALimitOfInit) {
  const rlimit files{64, 64};
  ASSERT_EQ(::prlimit(1, RLIMIT_NOFILE, &files, nullptr), 0) << std::strerror(errno);
}

TEST_F(Leaves, SignalsForInit) {
  sigval value{};
  ASSERT_EQ(::sigqueue(1, SIGRTMIN + 3, value), 0) << std::strerror(errno);
}

TEST_F(Leaves, RightsOfTheQueues) {
  if (::chmod("/dev/mqueue", 0700) == 0) return;
  ASSERT_EQ(errno, EPERM);  // it belongs to the namespace's root
  ASSERT_GE(::creat("/tmp/trace", 0600), 0);
}

}  // namespace
