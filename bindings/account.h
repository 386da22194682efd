/* SPDX-License-Identifier: MIT */
/* An account: the tasks of one request, or of one run of a job, and what they have used together. It begins with the first
 * of them and ends with the last. When one of them is over a limit, or its wall time is, all of them end. */
#ifndef USHER_ACCOUNT_H
#define USHER_ACCOUNT_H

#include "deadlines.h"

#include <stdbool.h>
#include <stddef.h>

struct accounts;
struct task;
struct vm;

struct account {
  uint64_t cpu;     /* nanoseconds, by the watchdog's ticks */
  ptrdiff_t memory; /* bytes that its slices have taken and not given back */
  unsigned tasks;
  struct task *first;
  struct accounts *of;
  struct deadline wall;
  struct account *prev, *next;
};

/* The accounts of one vm. 0 or UV_E*. Closed after the state is; the memory goes when the loop has run once more. */
int accounts_open(struct vm *vm, struct accounts **out);
void accounts_close(struct accounts *as);

/* Its wall time begins now. NULL: no memory. */
struct account *account_new(struct accounts *as);
void account_free(struct account *a);

#endif
