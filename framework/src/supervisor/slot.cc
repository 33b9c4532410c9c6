#include "supervisor/slot.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "posix/error.h"

namespace testcell::supervisor {
namespace {

constexpr std::size_t kReadSize = 1 << 16;

struct Pipe {
  posix::UniqueFd read;
  posix::UniqueFd write;
};

Pipe MakePipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) {
    posix::ThrowErrno(errno, "cannot make a pipe to a cell (is 'ulimit -n' too low for the jobs?)");
  }
  Pipe pipe{posix::UniqueFd(fds[0]), posix::UniqueFd(fds[1])};
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

// Empty when nothing waits.
std::string ReadSome(int fd) {
  std::string bytes(kReadSize, '\0');
  const ssize_t size =
      posix::RetryOnInterrupt([&] { return ::read(fd, bytes.data(), bytes.size()); });
  bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return bytes;
}

// What was written before this call; a process that goes on writing can't
// keep us here.
std::string ReadWaiting(int fd) {
  int waiting = 0;
  std::string bytes;
  if (::ioctl(fd, FIONREAD, &waiting) != 0) return bytes;
  while (bytes.size() < static_cast<std::size_t>(waiting)) {
    const std::string part = ReadSome(fd);
    if (part.empty()) break;
    bytes += part;
  }
  return bytes;
}

}  // namespace

Slot::Slot(int crew_number, cell::UserMode user_mode, bool one_output)
    : crew(crew_number), user(user_mode), since(Clock::now()) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    posix::ThrowErrno(errno, "cannot make a socket to a worker");
  }
  control_.Reset(sockets[0]);
  remote_[0].Reset(sockets[1]);
  // So that init's own process id comes with its reports, as we see it.
  const int on = 1;
  if (::setsockopt(control_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    posix::ThrowErrno(errno, "cannot set SO_PASSCRED on a worker's socket");
  }
  Pipe results = MakePipe();
  Pipe output = MakePipe();
  results_ = std::move(results.read);
  output_[0] = std::move(output.read);
  remote_[1] = std::move(results.write);
  remote_[2] = std::move(output.write);
  if (!one_output) {
    Pipe errors = MakePipe();
    output_[1] = std::move(errors.read);
    remote_[3] = std::move(errors.write);
  }
  remote_[4].Reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!remote_[4]) posix::ThrowErrno(errno, "cannot open /dev/null");
  remote_fds_.control = remote_[0].get();
  remote_fds_.results = remote_[1].get();
  remote_fds_.output[0] = remote_[2].get();
  remote_fds_.output[1] = remote_[one_output ? 2 : 3].get();
  remote_fds_.null = remote_[4].get();
}

void Slot::CloseRemote() {
  for (auto& fd : remote_) fd.Reset();
}

bool Slot::Send(const protocol::Order& order) {
  return posix::RetryOnInterrupt([&] {
           return ::send(control_.get(), &order, sizeof order, MSG_NOSIGNAL);
         }) == sizeof order;
}

std::optional<protocol::Report> Slot::Receive(pid_t* sender, bool* closed) {
  protocol::Report report;
  iovec data{&report, sizeof report};
  alignas(cmsghdr) char
      control[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(cell::kMostReportFds * sizeof(int))];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto receive = [&] {
    return ::recvmsg(control_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  };
  ssize_t size = posix::RetryOnInterrupt(receive);
  // Told first, and once, where who has ended left an order unread: what it had to say
  // is there still.
  if (size < 0 && errno == ECONNRESET) size = posix::RetryOnInterrupt(receive);
  *closed = size == 0 || (size < 0 && errno != EAGAIN);
  if (size != sizeof report) return std::nullopt;
  *sender = -1;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials;
      std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
      *sender = credentials.pid;
    } else if (header->cmsg_type == SCM_RIGHTS) {
      TakeFds(report, CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    }
  }
  return report;
}

void Slot::TakeFds(const protocol::Report& report, const unsigned char* data, std::size_t size) {
  int fds[cell::kMostReportFds];
  const std::size_t count = std::min(size / sizeof(int), std::size(fds));
  std::memcpy(fds, data, count * sizeof(int));
  std::size_t next = 0;
  if ((report.flags & protocol::kBaseComes) != 0 && next < count) base.Reset(fds[next++]);
  if ((report.flags & protocol::kPacketsCome) != 0 && next < count) packets.Reset(fds[next++]);
}

void Slot::BeginRun(std::uint64_t cookie, UnitLog* log, std::unique_ptr<OutputCopy> copy) {
  decoder_.Reset(cookie);
  for (auto& splitter : splitters_) splitter.Reset(cookie);
  lifeboat_.Clear();
  log_ = log;
  copy_ = std::move(copy);
  done_ = false;
  heard_ = false;
  fate.reset();
  test_end.reset();
  slow_told = false;
}

bool Slot::TakeFrames() {
  bool test_started = false;
  while (auto message = decoder_.Next()) {
    heard_ = true;
    test_started |= message->type == internal::MessageType::kTestStart;
    done_ |= message->type == internal::MessageType::kDone;
    if (log_ != nullptr) log_->AddMessage(std::move(*message));
  }
  return test_started;
}

bool Slot::ReadResults() {
  decoder_.Feed(ReadSome(results_.get()));
  return TakeFrames();
}

void Slot::ReadOutput(int stream) {
  splitters_[stream].Feed(ReadSome(output_[stream].get()));
  TakeOutput(stream, false);
}

void Slot::TakeOutput(int stream, bool final) {
  while (auto piece = splitters_[stream].Next(final)) {
    heard_ = true;
    if (log_ == nullptr) continue;
    if (piece->mark != 0) {
      log_->AddMark(stream, piece->mark);
    } else {
      if (copy_) copy_->Add(stream, piece->text);
      log_->AddText(stream, std::move(piece->text));
    }
  }
}

void Slot::Drain() {
  decoder_.Feed(ReadWaiting(results_.get()));
  TakeFrames();
  // After the pipe, for what is in the boat was sent later.
  decoder_.Feed(lifeboat_.contents());
  TakeFrames();
  for (int stream = 0; stream < streams(); ++stream) {
    splitters_[stream].Feed(ReadWaiting(output_[stream].get()));
    TakeOutput(stream, true);
  }
  log_ = nullptr;
}

void Slot::Discard() {
  ReadWaiting(results_.get());
  for (int stream = 0; stream < streams(); ++stream) ReadWaiting(output_[stream].get());
}

void Slot::SetInit(pid_t pid) {
  init = pid;
  // Init has just spoken and waits for our order, so the number is its own.
  init_pidfd_.Reset(
      pid < 0 ? -1 : static_cast<int>(::syscall(SYS_pidfd_open, static_cast<int>(pid), 0)));
}

bool Slot::KillCell() {
  if (!init_pidfd_) {
    if (init <= 0) return false;
    // A kernel or a container without pidfds: its parent, the worker, says when the
    // number is free again, and SetInit() comes of it.
    ::kill(init, SIGKILL);
    return true;
  }
  ::syscall(SYS_pidfd_send_signal, init_pidfd_.get(), SIGKILL, nullptr, 0);
  return true;
}

}  // namespace testcell::supervisor
