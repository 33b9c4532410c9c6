#include "cell/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace testcell::cell {
namespace {

// The time after which the kernel closes a block that is not full.
constexpr unsigned kRetireMs = 50;
constexpr unsigned kFrameSize = 2048;  // counts for nothing in version 3, but has to fit
constexpr int kLoopbackIndex = 1;      // of every network namespace

bool SetOption(int fd, int option, const void* value, socklen_t size) {
  return ::setsockopt(fd, SOL_PACKET, option, value, size) == 0;
}

bool StartRing(int fd) {
  const int version = TPACKET_V3;
  // On lo every packet goes out and comes in.
  const int once = 1;
  tpacket_req3 ring{};
  ring.tp_block_size = kCaptureBlockSize;
  ring.tp_block_nr = kCaptureBlocks;
  ring.tp_frame_size = kFrameSize;
  ring.tp_frame_nr = kCaptureBlockSize / kFrameSize * kCaptureBlocks;
  ring.tp_retire_blk_tov = kRetireMs;
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = kLoopbackIndex;
  return SetOption(fd, PACKET_VERSION, &version, sizeof version) &&
         SetOption(fd, PACKET_IGNORE_OUTGOING, &once, sizeof once) &&
         SetOption(fd, PACKET_RX_RING, &ring, sizeof ring) &&
         ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

int OpenCapture() {
  // Of no protocol yet, so that nothing comes before all is set.
  const int fd = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0 || StartRing(fd)) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace testcell::cell
