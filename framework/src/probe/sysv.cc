#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include "probe/probes.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

namespace testcell::probe {
namespace {

union SemArgument {
  int value;
  semid_ds* status;
  seminfo* info;
};

struct Object {
  LeakKind kind;
  const char* type;   // "shm": keys of different types have nothing in common
  const char* noun;   // "shared memory"
  const char* units;  // "bytes"
  key_t key;
  int id;
  unsigned long size;
};

void ReportObject(const Object& object, Wanted wanted, Sink* sink) {
  posix::FixedText<24> key;
  posix::FixedText<16> id;
  posix::FixedText<24> size;
  key.Add("0x").AddHex(static_cast<unsigned>(object.key));
  id.Add(static_cast<long>(object.id));
  size.Add(static_cast<long>(object.size));
  if (wanted.uses && object.key != IPC_PRIVATE &&
      wanted.seen->Add(Hash(View(id), 9 + 16 * static_cast<std::uint64_t>(object.kind)))) {
    Text name;
    name.Add(object.type).Add(" ").Add(key.c_str());
    sink->Report(UseKind::kSysvKey, View(name));
  }
  if (!wanted.leaks) return;
  Text what;
  what.Add("System V ").Add(object.noun);
  if (object.key == IPC_PRIVATE) {
    what.Add(" without key");
  } else {
    what.Add(" key ").Add(key.c_str());
  }
  what.Add(" (id ").Add(id.c_str()).Add(", ").Add(size.c_str()).Add(" ");
  what.Add(object.units).Add(")");
  sink->Report(object.kind, View(what),
               {{"key", View(key)}, {"id", View(id)}, {"size", View(size)}});
}

void ReportShm(Wanted wanted, Sink* sink) {
  shm_info info;
  const int highest = ::shmctl(0, SHM_INFO, reinterpret_cast<shmid_ds*>(&info));
  for (int index = 0; info.used_ids > 0 && index <= highest; ++index) {
    shmid_ds status;
    const int id = ::shmctl(index, SHM_STAT_ANY, &status);
    if (id < 0) continue;
    // Removed already, and only waiting for its last user to go.
    if ((status.shm_perm.mode & SHM_DEST) != 0) continue;
    ReportObject({LeakKind::kSysvShm, "shm", "shared memory", "bytes", status.shm_perm.__key, id,
                  status.shm_segsz},
                 wanted, sink);
  }
}

void ReportSem(Wanted wanted, Sink* sink) {
  seminfo info{};
  SemArgument argument;
  argument.info = &info;
  const int highest = ::semctl(0, 0, SEM_INFO, argument);
  for (int index = 0; info.semusz > 0 && index <= highest; ++index) {
    semid_ds status;
    argument.status = &status;
    const int id = ::semctl(index, 0, SEM_STAT_ANY, argument);
    if (id < 0) continue;
    ReportObject({LeakKind::kSysvSem, "sem", "semaphores", "of them", status.sem_perm.__key, id,
                  status.sem_nsems},
                 wanted, sink);
  }
}

void ReportMsg(Wanted wanted, Sink* sink) {
  msginfo info{};
  const int highest = ::msgctl(0, MSG_INFO, reinterpret_cast<msqid_ds*>(&info));
  for (int index = 0; info.msgpool > 0 && index <= highest; ++index) {
    msqid_ds status;
    const int id = ::msgctl(index, MSG_STAT_ANY, &status);
    if (id < 0) continue;
    ReportObject({LeakKind::kSysvMsg, "msg", "message queue", "messages", status.msg_perm.__key, id,
                  status.msg_qnum},
                 wanted, sink);
  }
}

}  // namespace

// The *_INFO calls say how many objects there are (shmctl(2) and its like).
void ReportSysv(Wanted wanted, Sink* sink) {
  ReportShm(wanted, sink);
  ReportSem(wanted, sink);
  ReportMsg(wanted, sink);
}

}  // namespace testcell::probe
