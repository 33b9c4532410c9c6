#include "probe/call_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>

#include "posix/unique_fd.h"
#include "probe/caller.h"
#include "probe/path_calls.h"
#include "probe/port_watch.h"
#include "probe/probes.h"
#include "probe/socket_text.h"

namespace testcell::probe {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

constexpr std::uint32_t kNameCalls[] = {SYS_bind,   SYS_shmget,  SYS_semget,
                                        SYS_msgget, SYS_mq_open, SYS_sethostname};
// Without the scope, which bind(2) may do without (ipv6(7)).
constexpr std::size_t kLeastIpv6Bytes = 24;
constexpr std::size_t kMostCalls = sizeof kNameCalls / sizeof *kNameCalls + 1;

int Protocol(const posix::UniqueFd& fd) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_PROTOCOL, &protocol, &size);
  return protocol;
}

// What a call of bind(2) or connect(2) is about.
struct Address {
  int family = AF_UNSPEC;
  posix::InetSocket inet;
  posix::UnixSocket name;
};

Address ToAddress(const sockaddr_storage& address, std::size_t size) {
  Address result;
  result.family = address.ss_family;
  if (address.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
    sockaddr_in inet;
    ::memcpy(&inet, &address, sizeof inet);
    ::memcpy(result.inet.local.address.data(), &inet.sin_addr, sizeof inet.sin_addr);
    result.inet.local.port = ntohs(inet.sin_port);
  } else if (address.ss_family == AF_INET6 && size >= kLeastIpv6Bytes) {
    sockaddr_in6 inet;
    ::memcpy(&inet, &address, sizeof inet);
    ::memcpy(result.inet.local.address.data(), &inet.sin6_addr, sizeof inet.sin6_addr);
    result.inet.local.port = ntohs(inet.sin6_port);
  } else if (address.ss_family == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) {
    const char* const path =
        reinterpret_cast<const char*>(&address) + offsetof(sockaddr_un, sun_path);
    result.name.abstract = *path == '\0';
    result.name.name = {path + 1, size - offsetof(sockaddr_un, sun_path) - 1};
  }
  result.inet.family = result.family;
  return result;
}

// `storage` has to outlive what it gives. False for what nobody else could have.
bool ReadAddress(const seccomp_notif& call, sockaddr_storage* storage, Address* address) {
  const auto pid = static_cast<pid_t>(call.pid);
  ::memset(storage, 0, sizeof *storage);
  const std::size_t size = ReadMemory(pid, call.data.args[1], storage,
                                      std::min<std::size_t>(call.data.args[2], sizeof *storage));
  *address = ToAddress(*storage, size);
  if (address->family == AF_UNIX) return address->name.abstract && !address->name.name.empty();
  if (address->inet.local.port == 0) return false;
  const posix::UniqueFd socket = TakeFd(pid, static_cast<int>(call.data.args[0]));
  if (!socket) return false;
  address->inet.protocol = Protocol(socket);
  return address->inet.protocol == IPPROTO_TCP || address->inet.protocol == IPPROTO_UDP;
}

void NoteBind(const seccomp_notif& call, std::uint64_t ns, Seen* seen, Sink* sink) {
  sockaddr_storage storage;
  Address address;
  if (!ReadAddress(call, &storage, &address)) return;
  const posix::UniqueFd socket =
      TakeFd(static_cast<pid_t>(call.pid), static_cast<int>(call.data.args[0]));
  if (socket && !PortWatch::IsIn(ns, socket.get())) return;
  if (address.family == AF_UNIX) {
    const Text name = UnixName(address.name);
    sink->Report(UseKind::kUnixAbstract, View(name), LooksRandom(View(name)));
  } else {
    PortWatch::ReportPort(address.inet, seen, sink);
  }
}

void NoteConnect(const seccomp_notif& call, Seen* seen, Sink* sink) {
  sockaddr_storage storage;
  Address address;
  if (!ReadAddress(call, &storage, &address)) return;
  UseKind kind = UseKind::kUnixAbstract;
  Text name;
  if (address.family == AF_UNIX) {
    name = UnixName(address.name);
  } else {
    kind = address.inet.protocol == IPPROTO_TCP ? UseKind::kTcp : UseKind::kUdp;
    const Endpoint endpoint = EndpointName(address.family, address.inet.local);
    name.Add(endpoint.c_str(), endpoint.size());
  }
  constexpr std::uint64_t kConnections = 17;  // apart from the names that others note
  if (seen->Add(Hash(View(name), kConnections + 16 * static_cast<std::uint64_t>(kind)))) {
    sink->ReportConnection(kind, View(name));
  }
}

void NoteKey(const seccomp_notif& call, const char* type, std::uint64_t flags, Seen* seen,
             Sink* sink) {
  const auto key = static_cast<key_t>(call.data.args[0]);
  if (key == IPC_PRIVATE || (flags & IPC_CREAT) == 0) return;
  posix::FixedText<24> name;
  name.Add(type).Add(" 0x").AddHex(static_cast<unsigned>(key));
  if (seen->Add(Hash(View(name), 13 + 16 * static_cast<std::uint64_t>(sink->user())))) {
    sink->Report(UseKind::kSysvKey, View(name));
  }
}

void NoteName(const seccomp_notif& call, UseKind kind, Sink* sink) {
  char buffer[300];
  const std::string_view text =
      ReadText(static_cast<pid_t>(call.pid), call.data.args[0], buffer, sizeof buffer);
  Text name;
  if (kind == UseKind::kPosixMq) name.Add("/");  // libc takes it off
  name.Add(text.data(), text.size());
  if (!text.empty()) sink->Report(kind, View(name), LooksRandom(text));
}

}  // namespace

void CallWatch::Install(const Calls& calls, std::uint64_t network_namespace) {
  network_namespace_ = network_namespace;
  constexpr std::uint32_t kNumber = offsetof(seccomp_data, nr);
  constexpr std::uint32_t kArch = offsetof(seccomp_data, arch);
  sock_filter path_code[kMaxPathFilter];
  const std::size_t path_size = calls.names ? PathFilter(calls.has_events, path_code) : 0;
  std::uint32_t numbers[kMostCalls];
  std::size_t count = 0;
  if (calls.names) {
    for (const std::uint32_t number : kNameCalls) numbers[count++] = number;
  }
  if (calls.connections) numbers[count++] = SYS_connect;
  sock_filter code[kMaxPathFilter + kMostCalls + 6];
  std::size_t size = 0;
  const auto jump = [](std::size_t far) { return static_cast<unsigned char>(far); };
  code[size++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kArch);
  code[size++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
  code[size++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  code[size++] = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kNumber);
  std::copy(path_code, path_code + path_size, code + size);
  size += path_size;
  for (std::size_t i = 0; i < count; ++i) {
    code[size++] = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], jump(count - i), 0);
  }
  code[size++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  code[size++] = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  const sock_fprog program{static_cast<unsigned short>(size), code};
  fd_ = static_cast<int>(
      ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

void CallWatch::Serve(EscapeWatch* escapes, Seen* seen, Sink* sink) {
  seccomp_notif call;
  ::memset(&call, 0, sizeof call);  // as the kernel demands
  if (::ioctl(fd_, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return;
  Note(call, seen, sink);
  NotePaths(call, escapes);
  seccomp_notif_resp response;
  ::memset(&response, 0, sizeof response);
  response.id = call.id;
  response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ::ioctl(fd_, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

void CallWatch::Note(const seccomp_notif& call, Seen* seen, Sink* sink) {
  const auto& arguments = call.data.args;
  switch (call.data.nr) {
    case SYS_bind:
      return NoteBind(call, network_namespace_, seen, sink);
    case SYS_connect:
      return NoteConnect(call, seen, sink);
    case SYS_shmget:
      return NoteKey(call, "shm", arguments[2], seen, sink);
    case SYS_semget:
      return NoteKey(call, "sem", arguments[2], seen, sink);
    case SYS_msgget:
      return NoteKey(call, "msg", arguments[1], seen, sink);
    case SYS_mq_open:
      if ((arguments[1] & O_CREAT) != 0) NoteName(call, UseKind::kPosixMq, sink);
      return;
    case SYS_sethostname:
      return NoteName(call, UseKind::kHostName, sink);
    default:
      return;
  }
}

}  // namespace testcell::probe
