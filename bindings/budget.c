/* SPDX-License-Identifier: MIT */
/* The budgets of a vm, and the one timer for all their wall times. */
#include "budget.h"

#include "guard.h"
#include "task.h"

#include <stdlib.h>

enum { ALL_ALIKE }; /* one kind of deadline: each new one is the last */

struct budgets {
  struct deadlines walls;
  struct vm *vm;
  struct budget *first;
};

static void on_due(struct deadline *wall, void *ctx) {
  (void)ctx;
  task_end_budget((struct budget *)((char *)wall - offsetof(struct budget, wall)), LIMIT_WALL_TIME);
}

int budgets_open(struct vm *vm, struct budgets **out) {
  struct budgets *all = calloc(1, sizeof *all);
  if (!all) return UV_ENOMEM;
  int err = deadlines_open(&all->walls, vm->settings.loop, on_due, all);
  if (err) {
    free(all);
    return err;
  }
  all->vm = vm;
  *out = all;
  return 0;
}

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

void budgets_close(struct budgets *all) {
  if (!all) return;
  while (all->first) budget_free(all->first);
  deadlines_close(&all->walls, on_closed);
}

static void start_wall(struct budget *b) {
  struct vm *vm = b->of->vm;
  uint64_t ms = guard_of(vm->L)->wall_ms;
  deadline_set(&b->of->walls, &b->wall, ALL_ALIKE, uv_now(vm->settings.loop) + ms);
}

struct budget *budget_new(struct budgets *all) {
  struct budget *b = calloc(1, sizeof *b);
  if (!b) return NULL;
  b->of = all;
  b->next = all->first;
  if (b->next) b->next->prev = b;
  all->first = b;
  b->since = uv_now(all->vm->settings.loop);
  start_wall(b);
  return b;
}

void budget_free(struct budget *b) {
  deadline_clear(&b->wall);
  if (b->next) b->next->prev = b->prev;
  *(b->prev ? &b->prev->next : &b->of->first) = b->next;
  free(b);
}

void budget_rest(struct budget *b) {
  deadline_clear(&b->wall);
  if (!b->tasks && !b->timers) budget_free(b);
}

void budget_drop_timer(struct budget *b) {
  b->timers--;
  if (!b->tasks) budget_rest(b);
}

void budget_ring(struct budget *b) {
  const struct guard_settings *max = guard_of(b->of->vm->L);
  uint64_t now = uv_now(b->of->vm->settings.loop);
  b->timers--;
  double back = (double)max->cpu * (double)(now - b->since) / (double)max->wall_ms;
  b->cpu = back < (double)b->cpu ? b->cpu - (uint64_t)back : 0;
  b->since = now;
  if (!b->tasks) b->memory = 0;
  start_wall(b);
}
