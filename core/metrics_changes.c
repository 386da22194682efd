/* SPDX-License-Identifier: MIT */
/* What has come to each series since a reader took it. Nothing is lost between the two calls: what
 * a send that failed did not take comes again. */
#include "metrics_store.h"

#include <stdlib.h>
#include <uv.h>

static void describe(struct metrics_change *c, struct metrics_series *s,
                     enum metrics_reader reader) {
  *c = (struct metrics_change){.series = s, .name = s->name, .labels = s->labels, .kind = s->kind};
  c->fresh = !s->known[reader];
  c->value = s->kind == METRICS_GAUGE ? s->value : s->value - s->taken[reader];
  if (s->kind != METRICS_HISTOGRAM) return;
  const struct metrics_spread *taken = &s->spread[1 + reader];
  for (size_t i = 0; i < METRICS_RANGES; i++) {
    c->counts[i] = s->spread->counts[i] - taken->counts[i];
    c->sums[i] = s->spread->sums[i] - taken->sums[i];
  }
}

int metrics_changes(enum metrics_reader reader, struct metrics_change **out, size_t *n) {
  struct metrics_series **all;
  int err = metrics_store_open(&all, n);
  if (err) return err;
  *out = malloc((*n + 1) * sizeof **out);
  for (size_t i = 0; i < *n && *out; i++) describe(&(*out)[i], all[i], reader);
  metrics_store_close(all);
  return *out ? 0 : UV_ENOMEM;
}

void metrics_take(enum metrics_reader reader, const struct metrics_change *change) {
  struct metrics_series *s = change->series;
  metrics_store_lock();
  s->known[reader] = true;
  if (s->kind != METRICS_GAUGE) s->taken[reader] += change->value;
  if (s->kind == METRICS_HISTOGRAM) {
    struct metrics_spread *taken = &s->spread[1 + reader];
    for (size_t i = 0; i < METRICS_RANGES; i++) {
      taken->counts[i] += change->counts[i];
      taken->sums[i] += change->sums[i];
    }
  }
  metrics_store_unlock();
}
