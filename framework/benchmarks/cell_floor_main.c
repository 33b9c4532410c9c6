// The arguments and figures of cell_floor; see cell_floor.c.
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

// In a user namespace a lower directory with mounts below it is refused: those mounts
// are locked together. One call that binds all of it stands for the overlay then.
static bool HasMountsBelow(const char* directory) {
  char line[4096];
  char point[4096];
  bool found = false;
  FILE* const mounts = fopen("/proc/self/mountinfo", "re");
  if (mounts == NULL) Die("cell_floor: /proc/self/mountinfo");
  while (!found && fgets(line, sizeof(line), mounts) != NULL) {
    found = sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1 &&
            strncmp(point, directory, strlen(directory)) == 0 && point[strlen(directory)] == '/';
  }
  fclose(mounts);
  return found;
}

int main(int argc, char** argv) {
  static struct Settings settings = {.cells = kDefaultCells, .jobs = 1};
  settings.uid = geteuid();
  settings.gid = getegid();
  settings.user_namespace = settings.uid != 0;
  ParseArguments(&settings, argc, argv);
  CheckWorkingDirectory(&settings);
  settings.private_run = !settings.user_namespace || !HasMountsBelow("/run");

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
