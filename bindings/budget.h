/* SPDX-License-Identifier: MIT */
/* A budget: what the tasks of one request, or of one run of a job, have used together of what
 * config.scripts allows. It begins with the first of them and ends with the last task or timer.
 * When it is used up, or its wall time is over, all of them end. CPU time comes back while timers
 * wait: all of it in one wall time. */
#ifndef USHER_BUDGET_H
#define USHER_BUDGET_H

#include "deadlines.h"

#include <stddef.h>

struct budgets;
struct task;
struct vm;

struct budget {
  uint64_t cpu;           /* nanoseconds, by the watchdog's ticks */
  ptrdiff_t memory;       /* bytes that its slices have taken and not given back */
  unsigned tasks, timers; /* alive; of task.after, waiting */
  struct task *first;
  struct budgets *of;
  struct deadline wall; /* while there are tasks */
  uint64_t since;       /* milliseconds: CPU time came back until then */
  struct budget *prev, *next;
};

/* The budgets of one vm. 0 or UV_E*. Closed after the state is;
 * the memory goes when the loop has run once more. */
int budgets_open(struct vm *vm, struct budgets **out);
void budgets_close(struct budgets *all);

/* Its wall time begins now. NULL: no memory. */
struct budget *budget_new(struct budgets *all);
void budget_free(struct budget *b);

/* The last task has ended: it is gone, or waits for its timers. */
void budget_rest(struct budget *b);
/* A timer's task is about to join in its place, with a wall time of its own. */
void budget_ring(struct budget *b);
/* One timer less. */
void budget_drop_timer(struct budget *b);

#endif
