/* SPDX-License-Identifier: MIT */
/* A budget: what the tasks of one request, or of one run of a job, have used together of what config.scripts allows. It
 * begins with the first of them and ends with the last. When it is used up, or its wall time is over, all of them end. */
#ifndef USHER_BUDGET_H
#define USHER_BUDGET_H

#include "deadlines.h"

#include <stdbool.h>
#include <stddef.h>

struct budgets;
struct task;
struct vm;

struct budget {
  uint64_t cpu;     /* nanoseconds, by the watchdog's ticks */
  ptrdiff_t memory; /* bytes that its slices have taken and not given back */
  unsigned tasks;
  struct task *first;
  struct budgets *of;
  struct deadline wall;
  struct budget *prev, *next;
};

/* The budgets of one vm. 0 or UV_E*. Closed after the state is; the memory goes when the loop has run once more. */
int budgets_open(struct vm *vm, struct budgets **out);
void budgets_close(struct budgets *all);

/* Its wall time begins now. NULL: no memory. */
struct budget *budget_new(struct budgets *all);
void budget_free(struct budget *b);

#endif
