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

static struct deadline *earliest(struct deadlines *d) {
  struct deadline *found = NULL;
  for (int kind = 0; kind < DEADLINE_KINDS; kind++) {
    struct deadline *first = d->lists[kind].next;
    if (first != &d->lists[kind] && (!found || first->at < found->at)) found = first;
  }
  return found;
}

/* On a crowded machine the loop may come late. What arrived meanwhile is read first, for which the
 * timer runs twice; and of many that are due the earliest comes first. */
static void on_timer(uv_timer_t *timer) {
  struct deadlines *d = (struct deadlines *)timer; /* its first member */
  d->polling = !d->polling;
  if (d->polling) {
    uv_timer_start(timer, on_timer, 1, 0); /* 0 would not wait for the loop to poll */
    return;
  }
  uint64_t now = uv_now(timer->loop);
  struct deadline *next;
  while ((next = earliest(d)) && next->at <= now) {
    deadline_clear(next);
    d->on_due(next, d->ctx);
  }
  d->armed = UINT64_MAX;
  if (next && !uv_is_closing((uv_handle_t *)timer)) arm(d, next->at);
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
  d->polling = false;
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
