/* SPDX-License-Identifier: MIT */
/* The series behind metrics.h, for the three files that know them: metrics.c fills them,
 * metrics_text.c renders them, metrics_changes.c tells what has changed. */
#ifndef USHER_METRICS_STORE_H
#define USHER_METRICS_STORE_H

#include "metrics.h"

struct metrics_spread {
  uint64_t counts[METRICS_RANGES];
  double sums[METRICS_RANGES];
};

struct metrics_series {
  struct metrics_series *next; /* in the bucket */
  enum metrics_kind kind;
  double value; /* the sum of a histogram */
  double taken[METRICS_READERS];
  bool known[METRICS_READERS];
  struct metrics_spread *spread; /* of a histogram: now, then what each reader has taken */
  const char *labels;
  char name[]; /* name NUL labels NUL */
};

extern const double metrics_bounds[METRICS_RANGES - 1];

/* Takes the lock and gives all series, sorted; metrics_store_close gives both back.
 * 0 or UV_ENOMEM, then it is not held. */
int metrics_store_open(struct metrics_series ***all, size_t *n);
void metrics_store_close(struct metrics_series **all);
void metrics_store_lock(void);
void metrics_store_unlock(void);

/* Under the lock. */
const char *metrics_store_help(const char *name); /* "" without one */
const char *metrics_store_common(void);
double metrics_store_dropped(void);

#endif
