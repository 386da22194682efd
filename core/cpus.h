/* SPDX-License-Identifier: MIT */
/* How many threads are worth starting. */
#ifndef USHER_CPUS_H
#define USHER_CPUS_H

/* CPUs this process may use: its affinity, and no more than the cgroup's quota rounded up (cgroup
 * v2 cpu.max, v1 cpu.cfs_quota_us). At least 1. */
unsigned cpus_granted(void);

#endif
