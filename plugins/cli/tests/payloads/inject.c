// Lets one system call of the making of a cell fail, and everything else be.
//
//   inject DEPTH N ERRNO REPORT -- PROGRAM ARGUMENTS
//
// The program is at depth 0, a process that it makes at depth 1, and so on. The
// Nth call of the first process at DEPTH that comes so far gives ERRNO (a number)
// in place of being carried out, before that process has made another one. The
// number of that call is written to the file REPORT, or nothing where there was
// none. Ends with the program's status (128 + signal), once all processes that it
// has made, and theirs, have ended. By ptrace(2); x86-64.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kMaxProcesses = 4096, kOwnFailure = 125 };

struct Process {
  pid_t pid;
  int depth;
  int counts;  // its calls are counted
};

static struct Process g_processes[kMaxProcesses];
static int g_count;
static int g_depth, g_number, g_error;
static int g_calls;     // of the process at that depth
static pid_t g_chosen;  // it, or 0
static int g_failing;   // the call is to fail when it returns
static const char* g_report;

static void Die(const char* what) {
  fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
  exit(kOwnFailure);
}

static struct Process* Find(pid_t pid) {
  for (int i = 0; i < g_count; ++i) {
    if (g_processes[i].pid == pid) return &g_processes[i];
  }
  return NULL;
}

static pid_t ParentOf(pid_t pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE* const file = fopen(path, "r");
  if (file == NULL) return 0;
  const size_t size = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[size] = '\0';
  const char* const end = strrchr(text, ')');
  int parent = 0;
  return end != NULL && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

static struct Process* Add(pid_t pid, int depth) {
  if (g_count == kMaxProcesses) errno = EAGAIN, Die("too many processes");
  struct Process* const added = &g_processes[g_count++];
  added->pid = pid;
  added->depth = depth;
  added->counts = 0;
  if (depth == g_depth && g_chosen == 0) {
    g_chosen = pid;
    added->counts = 1;
  }
  return added;
}

static void WriteReport(long long call) {
  FILE* const file = fopen(g_report, "w");
  if (file == NULL) Die(g_report);
  fprintf(file, "%lld\n", call);
  fclose(file);
}

static void OnCall(struct Process* process) {
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof info, &info) <= 0) return;
  struct user_regs_struct registers;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY && ++g_calls == g_number) {
    WriteReport((long long)info.entry.nr);
    if (ptrace(PTRACE_GETREGS, process->pid, NULL, &registers) != 0) return;
    registers.orig_rax = (unsigned long long)-1;
    ptrace(PTRACE_SETREGS, process->pid, NULL, &registers);
    g_failing = 1;
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && g_failing) {
    if (ptrace(PTRACE_GETREGS, process->pid, NULL, &registers) != 0) return;
    registers.rax = (unsigned long long)-g_error;
    ptrace(PTRACE_SETREGS, process->pid, NULL, &registers);
    g_failing = 0;
    process->counts = 0;
  }
}

static void Continue(const struct Process* process, int signal) {
  ptrace(process->counts ? PTRACE_SYSCALL : PTRACE_CONT, process->pid, NULL, (void*)(long)signal);
}

// A process or thread that was made; its maker's event may come before or after.
static struct Process* Meet(pid_t pid) {
  struct Process* known = Find(pid);
  if (known != NULL) return known;
  const struct Process* const parent = Find(ParentOf(pid));
  return Add(pid, parent == NULL ? 1 << 20 : parent->depth + 1);
}

static void OnStop(pid_t pid, int status) {
  struct Process* const process = Meet(pid);
  const int signal = WSTOPSIG(status);
  const int event = status >> 16;
  if (signal == (SIGTRAP | 0x80)) {
    OnCall(process);
    Continue(process, 0);
  } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
    ptrace(PTRACE_LISTEN, pid, NULL, NULL);  // stopped by a signal, as by a terminal
  } else if (event != 0) {
    const int made =
        event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
    if (made && process->counts) process->counts = 0;  // what follows is no making
    Continue(process, 0);
  } else {
    Continue(process, signal);
  }
}

static int Trace(pid_t program) {
  int result = kOwnFailure;
  for (;;) {
    int status;
    const pid_t pid = waitpid(-1, &status, __WALL);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) return result;
    if (WIFSTOPPED(status)) {
      OnStop(pid, status);
      continue;
    }
    if (pid == program) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    struct Process* const process = Find(pid);
    if (process != NULL) process->pid = 0;
  }
}

int main(int argc, char** argv) {
  if (argc < 7 || strcmp(argv[5], "--") != 0) {
    fprintf(stderr, "usage: inject DEPTH N ERRNO REPORT -- PROGRAM ARGUMENTS\n");
    return kOwnFailure;
  }
  g_depth = atoi(argv[1]);
  g_number = atoi(argv[2]);
  g_error = atoi(argv[3]);
  g_report = argv[4];
  int go[2];
  if (pipe2(go, O_CLOEXEC) != 0) Die("pipe2");
  const pid_t program = fork();
  if (program < 0) Die("fork");
  if (program == 0) {
    char byte;
    while (read(go[0], &byte, 1) < 0 && errno == EINTR) {
    }
    execv(argv[6], argv + 6);
    Die(argv[6]);
  }
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                       PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SEIZE, program, NULL, (void*)options) != 0) Die("ptrace(PTRACE_SEIZE)");
  Add(program, 0);
  if (write(go[1], "g", 1) != 1) Die("write");
  return Trace(program);
}
