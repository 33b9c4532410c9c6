#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "payloads.h"

namespace {

using namespace payloads;

// After init has read the events of its opening, if it does before the end.
PAYLOAD(cwd_file_changed_late) {
  const int fd = MUST(::open("changed", O_WRONLY | O_CLOEXEC));
  MUST(::poll(nullptr, 0, 300));
  MUST(::write(fd, "late", 4));
  ::close(fd);
}
PAYLOAD(tmp_file_left) { WriteFile("/tmp/state", "hello"); }
PAYLOAD(tmp_file_clean) {
  WriteFile("/tmp/state", "hello");
  MUST(::unlink("/tmp/state"));
}
PAYLOAD(var_tmp_file_left) { WriteFile("/var/tmp/state", "hello"); }
PAYLOAD(tmp_directory_left) {
  MUST(::mkdir("/tmp/work", 0755));
  WriteFile("/tmp/work/part", "12");
}
PAYLOAD(tmp_directory_clean) {
  MUST(::mkdir("/tmp/work", 0755));
  MUST(::mkdir("/tmp/work/deep", 0755));
  WriteFile("/tmp/work/deep/part", "12");
  MUST(::unlink("/tmp/work/deep/part"));
  MUST(::rmdir("/tmp/work/deep"));
  MUST(::rmdir("/tmp/work"));
}
PAYLOAD(tmp_renamed_clean) {
  MUST(::mkdir("/tmp/before", 0755));
  MUST(::rename("/tmp/before", "/tmp/after"));
  WriteFile("/tmp/after/part", "12");
  MUST(::unlink("/tmp/after/part"));
  MUST(::rmdir("/tmp/after"));
}
PAYLOAD(tmp_kinds_left) {
  MUST(::mkfifo("/tmp/fifo", 0600));
  MUST(::symlink("/nowhere", "/tmp/symlink"));
}
PAYLOAD(tmp_mkdtemp_clean) {
  char path[] = "/tmp/dir-XXXXXX";
  MUST(::mkdtemp(path) == nullptr ? -1 : 0);
  WriteFile(path + std::string("/part"), "12");
  MUST(::unlink((path + std::string("/part")).c_str()));
  MUST(::rmdir(path));
}

// The working directory holds kept, changed, gone and sub/kept.
PAYLOAD(cwd_file_left) { WriteFile("made", "hello"); }
PAYLOAD(cwd_file_clean) {
  WriteFile("made", "hello");
  MUST(::unlink("made"));
}
PAYLOAD(cwd_file_changed) { WriteFile("changed", "something else"); }
PAYLOAD(cwd_file_deleted) { MUST(::unlink("gone")); }
PAYLOAD(cwd_below_left) { WriteFile("sub/made", "hello"); }
PAYLOAD(cwd_opened_clean) { ::close(MUST(::open("kept", O_RDWR | O_CLOEXEC))); }
PAYLOAD(cwd_read_clean) { ::close(MUST(::open("kept", O_RDONLY | O_CLOEXEC))); }
PAYLOAD(cwd_coverage_clean) { WriteFile("part.gcda", "counts"); }

// A new one of the same name hides what was in it.
void ReplaceDirectory() {
  MUST(::unlink("sub/kept"));
  MUST(::rmdir("sub"));
  MUST(::mkdir("sub", 0755));
}
PAYLOAD(cwd_directory_replaced) { ReplaceDirectory(); }
PAYLOAD(cwd_directory_refilled) {
  ReplaceDirectory();
  WriteFile("sub/kept", "something else");
}
PAYLOAD(cwd_directory_clean) {
  MUST(::mkdir("sub/deep", 0755));
  MUST(::rmdir("sub/deep"));
}
PAYLOAD(cwd_directory_mode_changed) { MUST(::chmod("sub", 0700)); }
PAYLOAD(cwd_directory_mode_clean) {
  struct stat before;
  MUST(::stat("sub", &before));
  MUST(::chmod("sub", 0700));
  MUST(::chmod("sub", before.st_mode & 07777));
}

PAYLOAD(shm_left) {
  const int fd = MUST(::shm_open("/zoo", O_CREAT | O_RDWR, 0600));
  MUST(::ftruncate(fd, 4096));
  ::close(fd);
}
PAYLOAD(shm_clean) {
  ::close(MUST(::shm_open("/zoo", O_CREAT | O_RDWR, 0600)));
  MUST(::shm_unlink("/zoo"));
}
PAYLOAD(semaphore_left) {
  sem_t* const semaphore = ::sem_open("/zoo", O_CREAT, 0600, 1);
  MUST(semaphore == SEM_FAILED ? -1 : 0);
  MUST(::sem_close(semaphore));
}
PAYLOAD(semaphore_clean) {
  sem_t* const semaphore = ::sem_open("/zoo", O_CREAT, 0600, 1);
  MUST(semaphore == SEM_FAILED ? -1 : 0);
  MUST(::sem_close(semaphore));
  MUST(::sem_unlink("/zoo"));
}
PAYLOAD(mq_left) { ::mq_close(MUST(::mq_open("/zoo", O_CREAT | O_RDWR, 0600, nullptr))); }
PAYLOAD(mq_clean) {
  ::mq_close(MUST(::mq_open("/zoo", O_CREAT | O_RDWR, 0600, nullptr)));
  MUST(::mq_unlink("/zoo"));
}

constexpr key_t kKey = 0x1234;

PAYLOAD(sysv_shm_left) { MUST(::shmget(kKey, 4096, IPC_CREAT | 0600)); }
PAYLOAD(sysv_shm_clean) {
  MUST(::shmctl(MUST(::shmget(kKey, 4096, IPC_CREAT | 0600)), IPC_RMID, nullptr));
}
// Removed while attached, as is the custom: it goes with the process.
PAYLOAD(sysv_shm_attached_clean) {
  const int id = MUST(::shmget(kKey, 4096, IPC_CREAT | 0600));
  MUST(::shmat(id, nullptr, 0) == reinterpret_cast<void*>(-1) ? -1 : 0);
  MUST(::shmctl(id, IPC_RMID, nullptr));
}
PAYLOAD(sysv_sem_left) { MUST(::semget(kKey, 2, IPC_CREAT | 0600)); }
PAYLOAD(sysv_sem_clean) { MUST(::semctl(MUST(::semget(kKey, 2, IPC_CREAT | 0600)), 0, IPC_RMID)); }
PAYLOAD(sysv_msg_left) { MUST(::msgget(kKey, IPC_CREAT | 0600)); }
PAYLOAD(sysv_msg_clean) {
  MUST(::msgctl(MUST(::msgget(kKey, IPC_CREAT | 0600)), IPC_RMID, nullptr));
}
// One key, and nothing in common.
PAYLOAD(sysv_types_left) {
  MUST(::shmget(kKey, 4096, IPC_CREAT | 0600));
  MUST(::msgget(kKey, IPC_CREAT | 0600));
}
PAYLOAD(sysv_private_left) { MUST(::shmget(IPC_PRIVATE, 4096, 0600)); }

}  // namespace
