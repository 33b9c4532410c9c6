// Runs a command where system calls are refused, as containers and old kernels
// do it: refuse CALL=ERRNO... -- COMMAND...
// CALL is a name below; netlink, for sockets of that family; or newnet and the like, for
// clone and unshare of that kind of namespace. The flags of clone3 no filter can see: refuse it
// with ENOSYS, too.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
  const char* name;
  int number;
} kCalls[] = {
    {"clone3", SYS_clone3},
    {"pidfd_open", SYS_pidfd_open},
    {"close_range", SYS_close_range},
    {"mount_setattr", SYS_mount_setattr},
    {"mount", SYS_mount},
    {"unshare", SYS_unshare},
    {"seccomp", SYS_seccomp},
    {"fanotify_init", SYS_fanotify_init},
    {"sethostname", SYS_sethostname},
    {"fsopen", SYS_fsopen},
    {"pidfd_send_signal", SYS_pidfd_send_signal},
};

static const struct {
  const char* name;
  unsigned flags;
} kNamespaces[] = {
    {"userns", CLONE_NEWUSER},      {"newpid", CLONE_NEWPID}, {"newns", CLONE_NEWNS},
    {"newnet", CLONE_NEWNET},       {"newipc", CLONE_NEWIPC}, {"newuts", CLONE_NEWUTS},
    {"newcgroup", CLONE_NEWCGROUP},
};

static const struct {
  const char* name;
  int number;
} kErrors[] = {{"EPERM", EPERM},
               {"ENOSYS", ENOSYS},
               {"EACCES", EACCES},
               {"ENOSPC", ENOSPC},
               {"EAFNOSUPPORT", EAFNOSUPPORT}};

static struct sock_filter program[256];
static unsigned short length = 0;

static void Add(struct sock_filter instruction) { program[length++] = instruction; }

enum { kAlways, kWithFlag = BPF_JSET, kIs = BPF_JEQ };

// Only where the first argument is the value, or has one of its bits.
static void Refuse(int call, int when, unsigned value, int error) {
  const struct sock_filter load_call =
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  const struct sock_filter other_call =
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, when != kAlways ? 3 : 1);
  Add(load_call);
  Add(other_call);
  if (when != kAlways) {
    const struct sock_filter load_argument =
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
    const struct sock_filter other_argument =
        BPF_JUMP((unsigned short)(BPF_JMP | when | BPF_K), value, 0, 1);
    Add(load_argument);
    Add(other_argument);
  }
  const struct sock_filter refuse = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error);
  Add(refuse);
}

static int Is(const char* word, const char* equals, const char* name) {
  return strncmp(word, name, strlen(name)) == 0 && name[equals - word] == '\0';
}

static int Parse(const char* word) {
  const char* equals = strchr(word, '=');
  if (equals == NULL) return 0;
  int error = 0;
  for (size_t i = 0; i < sizeof kErrors / sizeof *kErrors; ++i) {
    if (strcmp(equals + 1, kErrors[i].name) == 0) error = kErrors[i].number;
  }
  if (error == 0) return 0;
  if (Is(word, equals, "netlink")) {
    Refuse(SYS_socket, kIs, AF_NETLINK, error);
    return 1;
  }
  for (size_t i = 0; i < sizeof kNamespaces / sizeof *kNamespaces; ++i) {
    if (!Is(word, equals, kNamespaces[i].name)) continue;
    Refuse(SYS_clone, kWithFlag, kNamespaces[i].flags, error);
    Refuse(SYS_unshare, kWithFlag, kNamespaces[i].flags, error);
    return 1;
  }
  for (size_t i = 0; i < sizeof kCalls / sizeof *kCalls; ++i) {
    if (Is(word, equals, kCalls[i].name)) {
      Refuse(kCalls[i].number, kAlways, 0, error);
      return 1;
    }
  }
  return 0;
}

int main(int argc, char** argv) {
  int word = 1;
  for (; word < argc && strcmp(argv[word], "--") != 0; ++word) {
    if (!Parse(argv[word])) {
      fprintf(stderr, "refuse: what is '%s'?\n", argv[word]);
      return 2;
    }
  }
  const struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  Add(allow);
  const struct sock_fprog filter = {length, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    perror("refuse: prctl");
    return 2;
  }
  if (word + 1 >= argc) return 2;
  execvp(argv[word + 1], argv + word + 1);
  perror("refuse: execvp");
  return 2;
}
