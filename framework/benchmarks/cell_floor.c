// The kernel's floor: what a full cell costs when its system calls are written
// by hand, in a row, by somebody who only wants this one cell.
//
//   cell_floor [cells] [--json] [--steps] [--jobs=J] [--parent-mib=M] [--userns]
//
// Testcell's own cells are held against this figure (cell_cost), so the
// sequence is the naive one on purpose: two copying forks, mount(2), nothing
// prepared ahead, nothing shared between cells. Only libc is used.
//
// Every cell has fresh PID, net, mount, UTS and IPC namespaces, plus a user
// namespace when the caller isn't root or gives --userns. A time runs from just
// before clone3 until the parent has reaped the cell's init.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kDefaultCells = 500, kWarmUpCells = 10, kMaxJobs = 256, kMaxCells = 1000000 };

#include "cell_floor.h"

const char* const kStepNames[kStepCount] = {
    "clone3, until init runs",
    "uid and gid maps",
    "prctl, setsid, sethostname",
    "mounts made private",
    "/proc",
    "tmpfs",
    "mkdir in the tmpfs",
    "bind /tmp and /var/tmp",
    "overlay on /run",
    "overlay on the working directory",
    "sysfs and its two binds",
    "/etc/hosts",
    "bind /dev/shm",
    "/dev/mqueue",
    "lo up",
    "ip_unprivileged_port_start",
    "fork and reap the test",
    "exit, teardown and reap",
};

static int64_t NowNs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void Die(const char* what) {
  perror(what);
  exit(EXIT_FAILURE);
}

// ---- In the cell's init -----------------------------------------------------

// Init has nobody to talk to but the shared memory: /proc and stderr may be
// anything by now.
static void Require(struct Cell* cell, enum Step step, long result) {
  if (result >= 0) return;
  cell->failed_errno = errno;
  cell->failed_step = (int)step;
  _exit(EXIT_FAILURE);
}

static void EndStep(struct Cell* cell, enum Step step) { cell->ended_ns[step] = NowNs(); }

static void WriteFile(struct Cell* cell, enum Step step, const char* path, const char* text,
                      size_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  Require(cell, step, fd);
  Require(cell, step, write(fd, text, size));
  close(fd);
}

static void WriteMap(struct Cell* cell, const char* path, unsigned id) {
  char line[64];
  int size = snprintf(line, sizeof(line), "%u %u 1", id, id);
  WriteFile(cell, kMaps, path, line, (size_t)size);
}

// A process may map its own id by itself, once it has given up setgroups.
static void MapIds(struct Cell* cell, const struct Settings* settings) {
  if (settings->user_namespace) {
    WriteMap(cell, "/proc/self/uid_map", settings->uid);
    WriteFile(cell, kMaps, "/proc/self/setgroups", "deny", strlen("deny"));
    WriteMap(cell, "/proc/self/gid_map", settings->gid);
  }
  EndStep(cell, kMaps);
}

static void TakeIdentity(struct Cell* cell) {
  Require(cell, kIdentity, prctl(PR_SET_PDEATHSIG, SIGKILL));
  Require(cell, kIdentity, setsid());
  Require(cell, kIdentity, sethostname("cell", strlen("cell")));
  EndStep(cell, kIdentity);
}

static void MountProcAndTmpfs(struct Cell* cell) {
  Require(cell, kPrivate, mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL));
  EndStep(cell, kPrivate);
  Require(cell, kProc, mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
  EndStep(cell, kProc);
  Require(cell, kTmpfs, mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"));
  EndStep(cell, kTmpfs);
}

static void MakeDirectories(struct Cell* cell) {
  mode_t mask = umask(0);
  Require(cell, kDirectories, mkdir("/dev/shm/tmp", 01777));
  Require(cell, kDirectories, mkdir("/dev/shm/vartmp", 01777));
  Require(cell, kDirectories, mkdir("/dev/shm/shm", 01777));
  Require(cell, kDirectories, mkdir("/dev/shm/run", 0755));
  Require(cell, kDirectories, mkdir("/dev/shm/run.work", 0755));
  Require(cell, kDirectories, mkdir("/dev/shm/cwd", 0755));
  Require(cell, kDirectories, mkdir("/dev/shm/cwd.work", 0755));
  Require(cell, kDirectories, mkdir("/dev/shm/sys", 0755));
  umask(mask);
  EndStep(cell, kDirectories);
}

static void Bind(struct Cell* cell, enum Step step, const char* source, const char* target) {
  Require(cell, step, mount(source, target, NULL, MS_BIND, NULL));
}

// The working directory is named "." in the overlay's options: a path with a
// comma or a colon would have to be escaped.
static void MountOverlays(struct Cell* cell, const struct Settings* settings) {
  const char* run_options =
      settings->user_namespace
          ? "lowerdir=/run,upperdir=/dev/shm/run,workdir=/dev/shm/run.work,userxattr"
          : "lowerdir=/run,upperdir=/dev/shm/run,workdir=/dev/shm/run.work";
  const char* cwd_options =
      settings->user_namespace
          ? "lowerdir=.,upperdir=/dev/shm/cwd,workdir=/dev/shm/cwd.work,userxattr"
          : "lowerdir=.,upperdir=/dev/shm/cwd,workdir=/dev/shm/cwd.work";
  if (settings->private_run) {
    Require(cell, kOverlayRun, mount("overlay", "/run", "overlay", 0, run_options));
  } else {
    Require(cell, kOverlayRun, mount("/run", "/run", NULL, MS_BIND | MS_REC, NULL));
  }
  EndStep(cell, kOverlayRun);
  if (settings->private_cwd) {
    Require(cell, kOverlayCwd, mount("overlay", ".", "overlay", 0, cwd_options));
    Require(cell, kOverlayCwd, chdir(settings->cwd));  // from the lower layer to the overlay
  }
  EndStep(cell, kOverlayCwd);
}

// A sysfs shows the interfaces of the network namespace that mounted it. Only
// these two directories are replaced, so that the host's mounts below /sys stay.
static void MountSysfs(struct Cell* cell) {
  Require(cell, kSysfs,
          mount("sysfs", "/dev/shm/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
  Bind(cell, kSysfs, "/dev/shm/sys/class/net", "/sys/class/net");
  Bind(cell, kSysfs, "/dev/shm/sys/devices/virtual/net", "/sys/devices/virtual/net");
  EndStep(cell, kSysfs);
}

static void AppendHostName(struct Cell* cell) {
  static const char kLine[] = "\n127.0.0.1 cell\n::1 cell\n";
  char text[65536];
  int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
  Require(cell, kHosts, fd);
  ssize_t size = read(fd, text, sizeof(text) - sizeof(kLine));
  Require(cell, kHosts, size);
  close(fd);
  memcpy(text + size, kLine, sizeof(kLine) - 1);
  WriteFile(cell, kHosts, "/dev/shm/hosts", text, (size_t)size + sizeof(kLine) - 1);
  Bind(cell, kHosts, "/dev/shm/hosts", "/etc/hosts");
  EndStep(cell, kHosts);
}

static void MountMqueue(struct Cell* cell) {
  if (access("/dev/mqueue", F_OK) == 0) {
    Require(cell, kMqueue,
            mount("mqueue", "/dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
  }
  EndStep(cell, kMqueue);
}

static void SetUpNetwork(struct Cell* cell) {
  struct ifreq request;
  memset(&request, 0, sizeof(request));
  memcpy(request.ifr_name, "lo", sizeof("lo"));
  request.ifr_flags = IFF_UP;
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  Require(cell, kLoopback, fd);
  Require(cell, kLoopback, ioctl(fd, SIOCSIFFLAGS, &request));
  close(fd);
  EndStep(cell, kLoopback);
  fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);
  Require(cell, kLowPorts, fd);
  Require(cell, kLowPorts, write(fd, "0", 1));
  close(fd);
  EndStep(cell, kLowPorts);
}

static void RunTest(struct Cell* cell) {
  pid_t test = fork();
  Require(cell, kTest, test);
  if (test == 0) _exit(EXIT_SUCCESS);
  Require(cell, kTest, waitpid(test, NULL, 0));
  EndStep(cell, kTest);
}

_Noreturn static void RunInit(struct Cell* cell, const struct Settings* settings) {
  EndStep(cell, kClone);
  MapIds(cell, settings);
  TakeIdentity(cell);
  MountProcAndTmpfs(cell);
  MakeDirectories(cell);
  Bind(cell, kBindTmp, "/dev/shm/tmp", "/tmp");
  Bind(cell, kBindTmp, "/dev/shm/vartmp", "/var/tmp");
  EndStep(cell, kBindTmp);
  MountOverlays(cell, settings);
  MountSysfs(cell);
  AppendHostName(cell);
  Bind(cell, kBindShm, "/dev/shm/shm", "/dev/shm");  // hides the tmpfs itself: the last one
  EndStep(cell, kBindShm);
  MountMqueue(cell);
  SetUpNetwork(cell);
  RunTest(cell);
  _exit(EXIT_SUCCESS);
}

// ---- In the parent ----------------------------------------------------------

// False: the cell was not made, and `cell` says why.
static bool MakeCell(struct Cell* cell, const struct Settings* settings) {
  struct clone_args args;
  memset(&args, 0, sizeof(args));
  args.flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
  if (settings->user_namespace) args.flags |= CLONE_NEWUSER;
  args.exit_signal = SIGCHLD;
  cell->began_ns = NowNs();
  long init = syscall(SYS_clone3, &args, sizeof(args));
  if (init == 0) RunInit(cell, settings);
  if (init < 0) {
    cell->failed_errno = errno;
    cell->failed_step = kClone;
    return false;
  }
  int status = 0;
  while (waitpid((pid_t)init, &status, 0) < 0 && errno == EINTR) {
  }
  cell->ended_ns[kTeardown] = NowNs();
  return status == 0;
}

void* Share(size_t size) {
  void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Die("cell_floor: mmap");
  return memory;
}

// A fork copies page tables, so it is the touched memory of the parent that a
// cell pays for, not its size.
void TouchMemory(size_t mib) {
  if (mib == 0) return;
  size_t size = mib << 20;
  char* memory =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) Die("cell_floor: mmap");
  memset(memory, 1, size);
}

// Job `job` of settings->jobs makes every settings->jobs'th cell.
static bool RunJob(struct Cell* cells, const struct Settings* settings, int job) {
  TouchMemory(settings->parent_mib);
  struct Cell* warm_up = Share(sizeof(*warm_up));
  for (int i = 0; i < kWarmUpCells; ++i) {
    if (!MakeCell(warm_up, settings)) {
      cells[job] = *warm_up;
      return false;
    }
  }
  for (int i = job; i < settings->cells; i += settings->jobs) {
    if (!MakeCell(&cells[i], settings)) return false;
  }
  return true;
}

void ReportFailure(const struct Cell* cells, int count) {
  for (int i = 0; i < count; ++i) {
    if (cells[i].failed_errno == 0) continue;
    fprintf(stderr, "cell_floor: %s: %s\n", kStepNames[cells[i].failed_step],
            strerror(cells[i].failed_errno));
    return;
  }
  fprintf(stderr, "cell_floor: a cell's init ended early\n");
}

// Each job in a process of its own, one job too: all figures then come from
// parents of the same kind. False: some cell could not be made.
bool RunJobs(struct Cell* cells, const struct Settings* settings) {
  bool ok = true;
  for (int job = 0; job < settings->jobs; ++job) {
    pid_t child = fork();
    if (child < 0) Die("cell_floor: fork");
    if (child == 0) _exit(RunJob(cells, settings, job) ? EXIT_SUCCESS : EXIT_FAILURE);
  }
  for (int job = 0; job < settings->jobs; ++job) {
    int status = 0;
    if (wait(&status) < 0 || status != 0) ok = false;
  }
  return ok;
}

// ---- The report -------------------------------------------------------------
