#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "probe/own_probes.h"
#include "protocol/frame.h"
#include "supervisor/lifeboat.h"
#include "supervisor/test_setup.h"
#include "testcell/internal/supervisor.h"

namespace testcell {
namespace internal {
namespace {

TestProcess* g_current = nullptr;

// 0 where the descriptor is no pipe of ours any more.
std::uint64_t PipeInode(int fd) {
  struct stat status;
  if (::fstat(fd, &status) != 0 || !S_ISFIFO(status.st_mode)) return 0;
  return status.st_ino;
}

bool WriteAll(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

TestProcess* TestProcess::Current() { return g_current; }

bool TestProcess::IsOriginal() const { return *original_ != 0; }

bool TestProcess::Write(const void* data, std::size_t size) {
  const char* bytes = static_cast<const char*>(data);
  // The test may have closed the descriptor, and may have opened something
  // else under its number since.
  if (PipeInode(results_) == results_inode_) return WriteAll(results_, bytes, size);
  supervisor::Lifeboat* const lifeboat = setup_->lifeboat;
  const std::size_t used = std::min<std::size_t>(lifeboat->used, lifeboat->kCapacity);
  if (size > lifeboat->kCapacity - used) {
    lifeboat->lost += size;
    return false;
  }
  std::memcpy(lifeboat->bytes + used, bytes, size);
  lifeboat->used = used + size;
  return true;
}

void TestProcess::Send(MessageType type, const std::string& payload, bool after_output) {
  if (!IsOriginal()) return;
  std::uint32_t mark = 0;
  if (after_output) {
    const protocol::Mark bytes = protocol::MakeMark(cookie_, ++last_mark_);
    bool marked = false;
    for (int stream = 0; stream < 2; ++stream) {
      if (stream == 1 && output_inode_[1] == output_inode_[0]) break;
      for (const int fd : {output_[stream], stream + 1}) {
        if (PipeInode(fd) != output_inode_[stream]) continue;
        marked |= WriteAll(fd, bytes.data(), bytes.size());
        break;
      }
    }
    if (marked) mark = last_mark_;
  }
  const protocol::FrameHeader header = protocol::MakeHeader(type, cookie_, mark, payload);
  std::string frame(reinterpret_cast<const char*>(&header), sizeof header);
  frame += payload;
  Write(frame.data(), frame.size());
}

void TestProcess::SetUser(UsedBy by) {
  if (probes_ != nullptr && IsOriginal()) probes_->SetUser(by);
}

void TestProcess::ReportFindings() {
  if (probes_ == nullptr || !IsOriginal()) return;
  probe::Sink sink;
  sink.Start(
      cookie_,
      [](void* process, std::string_view frame) {
        return static_cast<TestProcess*>(process)->Write(frame.data(), frame.size());
      },
      this);
  probes_->Report(&sink);
}

std::string TestProcess::DescribeFullFileSystem() const {
  const cell::TestOrder& order = setup_->order;
  return cell::DescribeFull(*order.plan, cell::FullSpace(order.space));
}

void TestProcess::LeaveFork(bool failed) {
  std::fflush(nullptr);
  char text[128];
  const int size = std::snprintf(text, sizeof text,
                                 "[testcell] process %d, forked by the test, came back from it; "
                                 "ended here\n",
                                 static_cast<int>(::getpid()));
  (void)WriteAll(STDERR_FILENO, text, static_cast<std::size_t>(size));
  ::_exit(failed ? 1 : 0);
}

TestProcess* TestProcess::Make(const supervisor::TestSetup& setup) {
  // A page that reads as zero in every process forked from this one
  // (MADV_WIPEONFORK, Linux 4.14): no pid can lie about who we are.
  void* page = ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED || ::madvise(page, 1, MADV_WIPEONFORK) != 0) {
    const char text[] = "[testcell] cannot map a page for the test process\n";
    (void)WriteAll(STDERR_FILENO, text, sizeof text - 1);
    ::_exit(1);
  }
  *static_cast<char*>(page) = 1;
  auto* process = new TestProcess();
  process->unit_ = static_cast<int>(setup.order.unit);
  process->cookie_ = setup.order.cookie;
  process->results_ = setup.fds.results;
  process->results_inode_ = PipeInode(setup.fds.results);
  for (int stream = 0; stream < 2; ++stream) {
    process->output_[stream] = setup.fds.output[stream];
    process->output_inode_[stream] = PipeInode(setup.fds.output[stream]);
  }
  process->setup_ = new supervisor::TestSetup(setup);
  process->original_ = static_cast<const char*>(page);
  if (setup.order.probes != nullptr) process->probes_ = new probe::OwnProbes(setup.order.probes);
  g_current = process;
  return process;
}

}  // namespace internal
}  // namespace testcell
