#include <netinet/in.h>
#include <sys/socket.h>

#include "posix/sock_diag.h"
#include "probe/probes.h"
#include "probe/socket_text.h"

namespace testcell::probe {

void NoteBoundPorts(PortWatch* ports, Seen* seen, Sink* sink) {
  posix::SockDiag diag;
  if (diag.Open() != 0) return;
  const auto note = [&](const posix::InetSocket& socket) { ports->Note(socket, seen, sink); };
  for (const int protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
    for (const int family : {AF_INET, AF_INET6}) {
      diag.ForEachInet(family, protocol, posix::kAllStates, note);
    }
  }
}

void NoteAbstractName(const posix::UnixSocket& socket, Seen* seen, Sink* sink) {
  // Accepted sockets have the listener's name.
  if (!socket.abstract || socket.name.empty() || socket.state == TCP_ESTABLISHED) return;
  const char* const inode = reinterpret_cast<const char*>(&socket.inode);
  if (!seen->Add(Hash({inode, sizeof socket.inode}, 8))) return;
  const Text name = UnixName(socket);
  sink->Report(UseKind::kUnixAbstract, View(name), LooksRandom(View(name)));
}

void NoteAbstractNames(Seen* seen, Sink* sink) {
  posix::SockDiag diag;
  if (diag.Open() != 0) return;
  diag.ForEachUnix(posix::kAllStates,
                   [&](const posix::UnixSocket& socket) { NoteAbstractName(socket, seen, sink); });
}

}  // namespace testcell::probe
