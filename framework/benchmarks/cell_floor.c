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

// In the order in which they happen; kStepNames follows it.
enum Step {
  kClone,
  kMaps,
  kIdentity,
  kPrivate,
  kProc,
  kTmpfs,
  kDirectories,
  kBindTmp,
  kOverlayRun,
  kOverlayCwd,
  kSysfs,
  kHosts,
  kBindShm,
  kMqueue,
  kLoopback,
  kLowPorts,
  kTest,
  kTeardown,
  kStepCount
};

static const char* const kStepNames[kStepCount] = {
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

// What one cell leaves in shared memory for its parent. ended[step] is the time
// at which the step was over.
struct Cell {
  int64_t began_ns;
  int64_t ended_ns[kStepCount];
  int failed_errno;  // 0: every step worked
  int failed_step;
};

struct Settings {
  int cells;
  int jobs;
  size_t parent_mib;
  bool json;
  bool steps;
  bool user_namespace;
  bool private_cwd;  // false when the working directory is /
  uid_t uid;
  gid_t gid;
  char cwd[4096];
};

static int64_t NowNs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void Die(const char* what) {
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
// In a user namespace a lower directory with mounts below it is refused
// (EINVAL): those mounts are locked together. The floor then can't be measured.
static void MountOverlays(struct Cell* cell, const struct Settings* settings) {
  const char* run_options =
      settings->user_namespace
          ? "lowerdir=/run,upperdir=/dev/shm/run,workdir=/dev/shm/run.work,userxattr"
          : "lowerdir=/run,upperdir=/dev/shm/run,workdir=/dev/shm/run.work";
  const char* cwd_options =
      settings->user_namespace
          ? "lowerdir=.,upperdir=/dev/shm/cwd,workdir=/dev/shm/cwd.work,userxattr"
          : "lowerdir=.,upperdir=/dev/shm/cwd,workdir=/dev/shm/cwd.work";
  Require(cell, kOverlayRun, mount("overlay", "/run", "overlay", 0, run_options));
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

static void* Share(size_t size) {
  void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Die("cell_floor: mmap");
  return memory;
}

// A fork copies page tables, so it is the touched memory of the parent that a
// cell pays for, not its size.
static void TouchMemory(size_t mib) {
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

static void ReportFailure(const struct Cell* cells, int count) {
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
static bool RunJobs(struct Cell* cells, const struct Settings* settings) {
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

struct Summary {
  double median_us;
  double p10_us;
  double p90_us;
};

static int CompareNs(const void* left, const void* right) {
  int64_t a = *(const int64_t*)left;
  int64_t b = *(const int64_t*)right;
  return (a > b) - (a < b);
}

static struct Summary Summarise(int64_t* times_ns, int count) {
  qsort(times_ns, (size_t)count, sizeof(*times_ns), CompareNs);
  struct Summary summary = {
      .median_us = (double)times_ns[count / 2] / 1e3,
      .p10_us = (double)times_ns[count / 10] / 1e3,
      .p90_us = (double)times_ns[count - 1 - count / 10] / 1e3,
  };
  return summary;
}

static struct Summary SummariseCells(const struct Cell* cells, int count, int64_t* scratch) {
  for (int i = 0; i < count; ++i) scratch[i] = cells[i].ended_ns[kTeardown] - cells[i].began_ns;
  return Summarise(scratch, count);
}

static struct Summary SummariseStep(const struct Cell* cells, int count, int step,
                                    int64_t* scratch) {
  for (int i = 0; i < count; ++i) {
    int64_t began_ns = step == 0 ? cells[i].began_ns : cells[i].ended_ns[step - 1];
    scratch[i] = cells[i].ended_ns[step] - began_ns;
  }
  return Summarise(scratch, count);
}

// Warm-up cells are neither timed nor counted: the clock of the whole starts
// with the first cell that is.
static double CellsPerSecond(const struct Cell* cells, int count) {
  int64_t first_ns = INT64_MAX;
  int64_t last_ns = 0;
  for (int i = 0; i < count; ++i) {
    if (cells[i].began_ns < first_ns) first_ns = cells[i].began_ns;
    if (cells[i].ended_ns[kTeardown] > last_ns) last_ns = cells[i].ended_ns[kTeardown];
  }
  return count * 1e9 / (double)(last_ns - first_ns);
}

static void PrintJson(const struct Settings* settings, const struct Cell* cells, int64_t* scratch) {
  struct Summary all = SummariseCells(cells, settings->cells, scratch);
  printf(
      "{\"benchmark\": \"cell_floor\", \"cells\": %d, \"jobs\": %d, \"parent_mib\": %zu,"
      " \"user_namespace\": %s, \"median_us\": %.1f, \"p10_us\": %.1f, \"p90_us\": %.1f,"
      " \"cells_per_second\": %.1f",
      settings->cells, settings->jobs, settings->parent_mib,
      settings->user_namespace ? "true" : "false", all.median_us, all.p10_us, all.p90_us,
      CellsPerSecond(cells, settings->cells));
  for (int step = 0; settings->steps && step < kStepCount; ++step) {
    struct Summary one = SummariseStep(cells, settings->cells, step, scratch);
    printf("%s{\"name\": \"%s\", \"median_us\": %.1f, \"p10_us\": %.1f, \"p90_us\": %.1f}",
           step == 0 ? ", \"steps\": [" : ", ", kStepNames[step], one.median_us, one.p10_us,
           one.p90_us);
  }
  printf("%s}\n", settings->steps ? "]" : "");
}

static void PrintText(const struct Settings* settings, const struct Cell* cells, int64_t* scratch) {
  struct Summary all = SummariseCells(cells, settings->cells, scratch);
  printf("%d cells, %d job%s, %zu MiB touched in the parent, %s\n", settings->cells, settings->jobs,
         settings->jobs == 1 ? "" : "s", settings->parent_mib,
         settings->user_namespace ? "a user namespace each" : "as root");
  printf("%-34s %8s %8s %8s\n", "microseconds", "median", "p10", "p90");
  for (int step = 0; settings->steps && step < kStepCount; ++step) {
    struct Summary one = SummariseStep(cells, settings->cells, step, scratch);
    printf("%-34s %8.1f %8.1f %8.1f\n", kStepNames[step], one.median_us, one.p10_us, one.p90_us);
  }
  printf("%-34s %8.1f %8.1f %8.1f\n", "a cell", all.median_us, all.p10_us, all.p90_us);
  printf("%-34s %8.1f\n", "cells a second", CellsPerSecond(cells, settings->cells));
}

// ---- The command line -------------------------------------------------------

static void Fail(const char* format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void Fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "cell_floor: ");
  vfprintf(stderr, format, arguments);
  fprintf(stderr,
          "\nusage: cell_floor [cells] [--json] [--steps] [--jobs=J] [--parent-mib=M]"
          " [--userns]\n");
  va_end(arguments);
  exit(2);
}

static int ParseCount(const char* text, int least, int most) {
  char* end = NULL;
  errno = 0;
  long value = strtol(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
    Fail("'%s' is not a number from %d to %d", text, least, most);
  }
  return (int)value;
}

static void ParseArguments(struct Settings* settings, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const char* argument = argv[i];
    if (strcmp(argument, "--json") == 0) {
      settings->json = true;
    } else if (strcmp(argument, "--steps") == 0) {
      settings->steps = true;
    } else if (strcmp(argument, "--userns") == 0) {
      settings->user_namespace = true;
    } else if (strncmp(argument, "--jobs=", 7) == 0) {
      settings->jobs = ParseCount(argument + 7, 1, kMaxJobs);
    } else if (strncmp(argument, "--parent-mib=", 13) == 0) {
      settings->parent_mib = (size_t)ParseCount(argument + 13, 0, 1 << 20);
    } else if (argument[0] != '-') {
      settings->cells = ParseCount(argument, 1, kMaxCells);
    } else {
      Fail("unknown option '%s'", argument);
    }
  }
  if (settings->jobs > settings->cells) settings->jobs = settings->cells;
}

// What a cell replaces hides the working directory with it. Testcell binds it
// through; the floor just asks to be started elsewhere.
static void CheckWorkingDirectory(struct Settings* settings) {
  static const char* const kReplaced[] = {"/tmp", "/var/tmp", "/dev/shm", "/proc"};
  if (getcwd(settings->cwd, sizeof(settings->cwd)) == NULL) Die("cell_floor: getcwd");
  for (size_t i = 0; i < sizeof(kReplaced) / sizeof(kReplaced[0]); ++i) {
    size_t size = strlen(kReplaced[i]);
    if (strncmp(settings->cwd, kReplaced[i], size) != 0) continue;
    if (settings->cwd[size] != '\0' && settings->cwd[size] != '/') continue;
    Fail("the working directory must not be below %s", kReplaced[i]);
  }
  settings->private_cwd = strcmp(settings->cwd, "/") != 0;
}

int main(int argc, char** argv) {
  static struct Settings settings = {.cells = kDefaultCells, .jobs = 1};
  settings.uid = geteuid();
  settings.gid = getegid();
  settings.user_namespace = settings.uid != 0;
  ParseArguments(&settings, argc, argv);
  CheckWorkingDirectory(&settings);

  size_t count = (size_t)settings.cells;
  struct Cell* cells = Share(count * sizeof(*cells));
  // Not to be paid by the first cells: shared memory has no page until touched.
  memset(cells, 0, count * sizeof(*cells));
  if (!RunJobs(cells, &settings)) {
    ReportFailure(cells, settings.cells);
    return EXIT_FAILURE;
  }
  int64_t* scratch = malloc(count * sizeof(*scratch));
  if (scratch == NULL) Die("cell_floor: malloc");
  if (settings.json) {
    PrintJson(&settings, cells, scratch);
  } else {
    PrintText(&settings, cells, scratch);
  }
  free(scratch);
  return EXIT_SUCCESS;
}
