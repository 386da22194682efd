/* SPDX-License-Identifier: MIT */
/* Deadlines without a timer each: ordered lists under one uv timer. Entries of one kind mostly
 * share their duration, so that a new one goes to the tail. Entries are embedded in what they
 * guard; no memory is taken. */
#ifndef USHER_DEADLINES_H
#define USHER_DEADLINES_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { DEADLINE_KINDS = 8 };

struct deadline { /* zero is valid: not set */
  struct deadline *prev, *next;
  uint64_t at; /* on uv_now's clock */
};

struct deadlines {
  uv_timer_t timer; /* does not keep the loop alive */
  struct deadline lists[DEADLINE_KINDS];
  uint64_t armed; /* when the timer fires, or UINT64_MAX */
  bool polling;   /* the timer has fired, and fires again when the loop has polled */
  void (*on_due)(struct deadline *, void *ctx);
  void *ctx;
};

/* on_due: the entry is no longer set, and may be set again to a later time. It comes when the loop
 * has polled at or after the deadline: what arrived in time is never late because the loop was. */
int deadlines_open(struct deadlines *d, uv_loop_t *loop, void (*on_due)(struct deadline *, void *),
                   void *ctx);
/* on_closed: of d->timer, whose data is ctx. */
void deadlines_close(struct deadlines *d, uv_close_cb on_closed);

/* kind: below DEADLINE_KINDS. Moves it when it was set. */
void deadline_set(struct deadlines *d, struct deadline *entry, int kind, uint64_t at);
void deadline_clear(struct deadline *entry);

#endif
