/* SPDX-License-Identifier: MIT */
/* One timer, armed for the earliest deadline that it was told of; it may fire early and then only
 * looks again. */
#include "deadlines.h"

static void link_after(struct deadline *at, struct deadline *entry) {
  entry->prev = at;
  entry->next = at->next;
  at->next->prev = entry;
  at->next = entry;
}

static void on_timer(uv_timer_t *timer);

static void arm(struct deadlines *d, uint64_t at) {
  uint64_t now = uv_now(d->timer.loop);
  d->armed = at;
  uv_timer_start(&d->timer, on_timer, at > now ? at - now : 0, 0);
}

static void on_timer(uv_timer_t *timer) {
  struct deadlines *d = (struct deadlines *)timer; /* its first member */
  uint64_t now = uv_now(timer->loop);
  for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
    struct deadline *list = &d->lists[kind];
    while (list->next != list && list->next->at <= now) {
      struct deadline *due = list->next;
      deadline_clear(due);
      d->on_due(due, d->ctx);
    }
  }
  uint64_t next = UINT64_MAX;
  for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
    struct deadline *list = &d->lists[kind];
    if (list->next != list && list->next->at < next) next = list->next->at;
  }
  d->armed = next;
  if (next != UINT64_MAX && !uv_is_closing((uv_handle_t *)timer)) arm(d, next);
}

int deadlines_open(struct deadlines *d, uv_loop_t *loop, void (*on_due)(struct deadline *, void *),
                   void *ctx) {
  int err = uv_timer_init(loop, &d->timer);
  if (err) return err;
  uv_unref((uv_handle_t *)&d->timer);
  for (int kind = 0; kind < DEADLINE_KINDS; kind++)
    d->lists[kind] = (struct deadline){&d->lists[kind], &d->lists[kind], 0};
  d->timer.data = d->ctx = ctx;
  d->on_due = on_due;
  d->armed = UINT64_MAX;
  return 0;
}

void deadlines_close(struct deadlines *d, uv_close_cb on_closed) {
  uv_close((uv_handle_t *)&d->timer, on_closed);
}

void deadline_set(struct deadlines *d, struct deadline *entry, int kind, uint64_t at) {
  deadline_clear(entry);
  entry->at = at;
  struct deadline *before = d->lists[kind].prev;
  while (before != &d->lists[kind] && before->at > at) before = before->prev;
  link_after(before, entry);
  if (at < d->armed) arm(d, at);
}

void deadline_clear(struct deadline *entry) {
  if (!entry->next) return;
  entry->prev->next = entry->next;
  entry->next->prev = entry->prev;
  entry->prev = entry->next = NULL;
}
