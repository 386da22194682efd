/* SPDX-License-Identifier: MIT */
/* A container sees all CPUs of its host, but may use only its quota of them. */
#include "cpus.h"

#include <stdio.h>
#include <uv.h>

static double read_number(const char *path) {
  double value = 0;
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  if (fscanf(file, "%lf", &value) != 1) value = 0;
  fclose(file);
  return value;
}

/* The quota in CPUs; 0 when there is none. */
static double quota(void) {
  double limit = 0, period = 0;
  FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
  if (file) {
    if (fscanf(file, "%lf %lf", &limit, &period) != 2) limit = period = 0; /* "max 100000" */
    fclose(file);
  } else {
    limit = read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
    period = read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  }
  return limit > 0 && period > 0 ? limit / period : 0;
}

unsigned cpus_granted(void) {
  unsigned n = uv_available_parallelism();
  double granted = quota();
  if (granted > 0 && granted < n) n = (unsigned)granted + (granted > (unsigned)granted);
  return n ? n : 1;
}
