/* SPDX-License-Identifier: MIT */
/* The accounts of a vm, and the one timer for all their wall times. */
#include "account.h"

#include "guard.h"
#include "task.h"

#include <stdlib.h>

enum { ALL_ALIKE }; /* one kind of deadline: each new one is the last */

struct accounts {
  struct deadlines walls;
  struct vm *vm;
  struct account *first;
};

static void on_due(struct deadline *wall, void *ctx) {
  (void)ctx;
  task_end_account((struct account *)((char *)wall - offsetof(struct account, wall)),
                   LIMIT_WALL_TIME);
}

int accounts_open(struct vm *vm, struct accounts **out) {
  struct accounts *as = calloc(1, sizeof *as);
  if (!as) return UV_ENOMEM;
  int err = deadlines_open(&as->walls, vm->settings.loop, on_due, as);
  if (err) {
    free(as);
    return err;
  }
  as->vm = vm;
  *out = as;
  return 0;
}

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

void accounts_close(struct accounts *as) {
  if (!as) return;
  while (as->first) account_free(as->first);
  deadlines_close(&as->walls, on_closed);
}

struct account *account_new(struct accounts *as) {
  struct account *a = calloc(1, sizeof *a);
  if (!a) return NULL;
  uint64_t ms = guard_of(as->vm->L)->wall_ms;
  a->of = as;
  a->next = as->first;
  if (a->next) a->next->prev = a;
  as->first = a;
  deadline_set(&as->walls, &a->wall, ALL_ALIKE, uv_now(as->vm->settings.loop) + ms);
  return a;
}

void account_free(struct account *a) {
  deadline_clear(&a->wall);
  if (a->next) a->next->prev = a->prev;
  *(a->prev ? &a->prev->next : &a->of->first) = a->next;
  free(a);
}
