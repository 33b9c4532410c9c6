#include "testcell/finding.h"

namespace testcell {

const char* Name(LeakKind kind) {
  switch (kind) {
    case LeakKind::kProcess:
      return "process";
    case LeakKind::kZombie:
      return "zombie";
    case LeakKind::kThread:
      return "thread";
    case LeakKind::kFd:
      return "fd";
    case LeakKind::kSocket:
      return "socket";
    case LeakKind::kFile:
      return "file";
    case LeakKind::kSysvShm:
      return "sysv_shm";
    case LeakKind::kSysvSem:
      return "sysv_sem";
    case LeakKind::kSysvMsg:
      return "sysv_msg";
    case LeakKind::kPosixMq:
      return "posix_mq";
    case LeakKind::kPosixShm:
      return "posix_shm";
    case LeakKind::kMount:
      return "mount";
    case LeakKind::kInterface:
      return "interface";
    case LeakKind::kState:
      return "state";
  }
  return "unknown";
}

const char* Name(UseKind kind) {
  switch (kind) {
    case UseKind::kTcp:
      return "tcp";
    case UseKind::kUdp:
      return "udp";
    case UseKind::kUnixAbstract:
      return "unix_abstract";
    case UseKind::kPath:
      return "path";
    case UseKind::kSysvKey:
      return "sysv_key";
    case UseKind::kPosixMq:
      return "posix_mq";
    case UseKind::kPosixShm:
      return "posix_shm";
    case UseKind::kHostName:
      return "hostname";
  }
  return "unknown";
}

}  // namespace testcell
