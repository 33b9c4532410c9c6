#include "supervisor/capture_file.h"

#include <linux/if_packet.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <string_view>

#include "cell/capture.h"
#include "posix/error.h"

namespace testcell::supervisor {
namespace {

constexpr std::size_t kRingSize =
    static_cast<std::size_t>(cell::kCaptureBlockSize) * cell::kCaptureBlocks;

// The classic format: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap
struct FileHeader {
  std::uint32_t magic = 0xa1b23c4d;  // with nanoseconds
  std::uint16_t major = 2;
  std::uint16_t minor = 4;
  std::uint32_t reserved[2] = {};
  std::uint32_t longest = cell::kCaptureBlockSize;
  std::uint32_t link_type = 1;  // Ethernet, as which lo presents itself
};
struct PacketHeader {
  std::uint32_t seconds;
  std::uint32_t nanoseconds;
  std::uint32_t captured;
  std::uint32_t length;
};

bool WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size =
        posix::RetryOnInterrupt([&] { return ::write(file, bytes.data(), bytes.size()); });
    if (size < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

template <typename T>
void Append(const T& object, std::string* bytes) {
  bytes->append(reinterpret_cast<const char*>(&object), sizeof object);
}

class Ring {
 public:
  explicit Ring(int socket) : socket_(socket) {
    memory_ = ::mmap(nullptr, kRingSize, PROT_READ | PROT_WRITE, MAP_SHARED, socket, 0);
  }
  ~Ring() {
    if (memory_ != MAP_FAILED) ::munmap(memory_, kRingSize);
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  bool mapped() const { return memory_ != MAP_FAILED; }

  // Null where the kernel has not come to it, and has nothing for it.
  tpacket_block_desc* Block(unsigned number) {
    auto* const block = reinterpret_cast<tpacket_block_desc*>(
        static_cast<char*>(memory_) + std::size_t{number} * cell::kCaptureBlockSize);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (!IsClosed(block)) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          end - std::chrono::steady_clock::now());
      // The kernel counts while it fills.
      if (__atomic_load_n(&block->hdr.bh1.num_pkts, __ATOMIC_RELAXED) == 0) return nullptr;
      if (left.count() <= 0) return nullptr;
      pollfd event{socket_, POLLIN, 0};
      ::poll(&event, 1, static_cast<int>(left.count()));
    }
    return block;
  }

  // So that poll(2) waits for the block after it.
  static void Release(tpacket_block_desc* block) {
    __atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
  }

 private:
  static bool IsClosed(const tpacket_block_desc* block) {
    return (__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) != 0;
  }

  int socket_;
  void* memory_;
};

std::uint64_t AppendPackets(const tpacket_block_desc& block, std::string* bytes) {
  const char* packet = reinterpret_cast<const char*>(&block) + block.hdr.bh1.offset_to_first_pkt;
  for (std::uint32_t i = 0; i < block.hdr.bh1.num_pkts; ++i) {
    tpacket3_hdr header;
    std::memcpy(&header, packet, sizeof header);
    Append(PacketHeader{header.tp_sec, header.tp_nsec, header.tp_snaplen, header.tp_len}, bytes);
    bytes->append(packet + header.tp_mac, header.tp_snaplen);
    packet += header.tp_next_offset;
  }
  return block.hdr.bh1.num_pkts;
}

std::uint64_t Dropped(int socket) {
  tpacket_stats_v3 statistics{};
  socklen_t size = sizeof statistics;
  if (::getsockopt(socket, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) != 0) return 0;
  return statistics.tp_drops;
}

}  // namespace

CaptureResult WriteCapture(int socket, int file) {
  CaptureResult result;
  Ring ring(socket);
  if (!ring.mapped()) {
    result.error = errno;
    return result;
  }
  result.dropped = Dropped(socket);
  std::string bytes;
  Append(FileHeader(), &bytes);
  // Once around: processes of the cell may go on talking.
  for (unsigned number = 0; number < cell::kCaptureBlocks; ++number) {
    tpacket_block_desc* const block = ring.Block(number);
    if (block == nullptr) break;
    result.packets += AppendPackets(*block, &bytes);
    Ring::Release(block);
    if (!WriteAll(file, bytes)) break;
    bytes.clear();
  }
  if (!WriteAll(file, bytes)) result.error = errno;
  return result;
}

}  // namespace testcell::supervisor
