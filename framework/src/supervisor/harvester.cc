#include "supervisor/harvester.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <exception>
#include <string_view>
#include <utility>

#include "posix/error.h"
#include "posix/fd_passing.h"
#include "posix/own_signals.h"

namespace testcell::supervisor {
namespace {

// One datagram each, with a text behind it: of an order the test's name, of an
// answer a path or an error.
enum class OrderKind : std::uint32_t { kTake, kSettle };
struct Order {
  OrderKind kind;
  std::uint32_t plan;
  std::uint32_t working_directory_shared;
};
enum class AnswerKind : std::uint32_t { kPath, kError, kDone };

constexpr std::size_t kMaxText = 16 << 10;
constexpr char kDied[] = "the process that carries files back has died";

// Where nobody waits for the answer any more, the work is done nevertheless.
void SendAnswer(int socket, AnswerKind kind, std::string_view text) {
  iovec data[2] = {{&kind, sizeof kind},
                   {const_cast<char*>(text.data()), std::min(text.size(), kMaxText)}};
  msghdr message{};
  message.msg_iov = data;
  message.msg_iovlen = 2;
  posix::RetryOnInterrupt([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); });
}

bool SendOrder(int socket, const Order& order, const std::string& name, int base) {
  iovec data[2] = {{const_cast<Order*>(&order), sizeof order},
                   {const_cast<char*>(name.data()), std::min(name.size(), kMaxText)}};
  msghdr message{};
  message.msg_iov = data;
  message.msg_iovlen = 2;
  posix::PassedFds passed;
  if (base >= 0) passed.AddTo(&message, &base, 1);
  return posix::RetryOnInterrupt([&] { return ::sendmsg(socket, &message, MSG_NOSIGNAL); }) >= 0;
}

// False at the end of orders.
bool ReceiveOrder(int socket, Order* order, std::string* name, posix::UniqueFd* base) {
  name->resize(kMaxText);
  iovec data[2] = {{order, sizeof *order}, {name->data(), name->size()}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = data;
  message.msg_iovlen = 2;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size =
      posix::RetryOnInterrupt([&] { return ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC); });
  if (size < static_cast<ssize_t>(sizeof *order)) return false;
  name->resize(static_cast<std::size_t>(size) - sizeof *order);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int fd;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    base->Reset(fd);
  }
  return true;
}

void Do(const Order& order, const std::string& name, int base,
        const std::vector<std::unique_ptr<cell::Plan>>& plans, int socket, Carry* carry) {
  Carried carried;
  if (order.kind == OrderKind::kSettle) {
    carried.errors = carry->Place();
  } else {
    carried = carry->Take(name, *plans[order.plan], order.working_directory_shared != 0, base);
  }
  for (const std::string& path : carried.paths) SendAnswer(socket, AnswerKind::kPath, path);
  for (const std::string& text : carried.errors) SendAnswer(socket, AnswerKind::kError, text);
  SendAnswer(socket, AnswerKind::kDone, "");
}

// Ends between two jobs and not within one, so that nothing half is left: with
// its socket, or with the supervisor, whose socket others may hold, too.
void Work(const std::vector<std::unique_ptr<cell::Plan>>& plans, int socket, int supervisor) {
  Carry carry;
  for (;;) {
    pollfd events[2] = {{socket, POLLIN, 0}, {supervisor, POLLIN, 0}};
    if (posix::RetryOnInterrupt([&] { return ::poll(events, 2, -1); }) < 0) break;
    if (events[1].revents != 0) break;
    Order order;
    std::string name;
    posix::UniqueFd base;
    if (!ReceiveOrder(socket, &order, &name, &base)) break;
    Do(order, name, base.get(), plans, socket, &carry);
  }
  carry.Place();
}

}  // namespace

Harvester::Harvester(const std::vector<std::unique_ptr<cell::Plan>>& plans) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    posix::ThrowErrno(errno, "cannot make a socket to the process that carries files back");
  }
  socket_.Reset(sockets[0]);
  const posix::UniqueFd remote(sockets[1]);
  const posix::UniqueFd supervisor(
      static_cast<int>(::syscall(SYS_pidfd_open, static_cast<int>(::getpid()), 0)));
  if (!supervisor) posix::ThrowErrno(errno, "cannot open a pidfd of this process");
  pid_ = ::fork();
  if (pid_ < 0) posix::ThrowErrno(errno, "cannot fork the process that carries files back");
  if (pid_ > 0) return;
  posix::BlockAllSignals();
  ::setsid();  // Ctrl-C is the supervisor's to hear
  ::umask(0);  // the test's own is in the modes
  socket_.Reset();
  try {
    Work(plans, remote.get(), supervisor.get());
  } catch (const std::exception&) {
    ::_exit(1);  // out of memory
  }
  ::_exit(0);
}

Harvester::~Harvester() {
  if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
  // ECHILD: the program reaps, or ignores, its children by itself.
  posix::RetryOnInterrupt([&] { return ::waitpid(pid_, nullptr, 0); });
}

void Harvester::Add(Job job) {
  jobs_.push_back(std::move(job));
  SendNext();
}

void Harvester::SendNext() {
  if (sent_ || jobs_.empty() || !socket_) return;
  Job& job = jobs_.front();
  const Order order{OrderKind::kTake, static_cast<std::uint32_t>(job.plan),
                    job.working_directory_shared ? 1u : 0u};
  sent_ = true;
  if (!SendOrder(socket_.get(), order, job.name, job.base.get())) socket_.Reset();
  job.base.Reset();
}

bool Harvester::Receive(int flags, bool* done) {
  if (!socket_) return false;
  AnswerKind kind;
  std::string text(kMaxText, '\0');
  iovec data[2] = {{&kind, sizeof kind}, {text.data(), text.size()}};
  msghdr message{};
  message.msg_iov = data;
  message.msg_iovlen = 2;
  const ssize_t size =
      posix::RetryOnInterrupt([&] { return ::recvmsg(socket_.get(), &message, flags); });
  if (size < 0 && errno == EAGAIN) return false;
  if (size < static_cast<ssize_t>(sizeof kind)) {
    socket_.Reset();
    return false;
  }
  text.resize(static_cast<std::size_t>(size) - sizeof kind);
  *done = kind == AnswerKind::kDone;
  if (*done) return true;
  (kind == AnswerKind::kPath ? carried_.paths : carried_.errors).push_back(std::move(text));
  return true;
}

std::optional<Harvester::Harvest> Harvester::Take() {
  if (jobs_.empty()) return std::nullopt;
  bool done = false;
  while (!done && Receive(MSG_DONTWAIT, &done)) {
  }
  if (!done && socket_) return std::nullopt;
  if (!done) carried_.errors.emplace_back(kDied);
  Harvest harvest{jobs_.front().unit, std::exchange(carried_, Carried())};
  jobs_.pop_front();
  sent_ = false;
  SendNext();
  return harvest;
}

std::vector<std::string> Harvester::Settle() {
  bool done = false;
  if (socket_ && !SendOrder(socket_.get(), {OrderKind::kSettle, 0, 0}, "", -1)) socket_.Reset();
  while (!done && Receive(0, &done)) {
  }
  if (!done) carried_.errors.emplace_back(kDied);
  return std::exchange(carried_, Carried()).errors;
}

}  // namespace testcell::supervisor
