/* SPDX-License-Identifier: MIT */
/* Counters, gauges and latency histograms of the whole process. Any thread;
 * they outlive every script reload. */
#ifndef USHER_METRICS_H
#define USHER_METRICS_H

#include "bytes.h"

#include <stdbool.h>
#include <stdint.h>

/* labels are Prometheus text without braces: `method="email",step="cognito"`, or "". Both strings
 * are copied the first time. Beyond METRICS_MAX distinct series, METRICS_OF_NAME_MAX of one name
 * and METRICS_TEXT_MAX bytes of both, and for a name that is already of another kind, the value is
 * lost and counted in usher_metrics_dropped_total. */
#define METRICS_MAX         2000
#define METRICS_OF_NAME_MAX 500
#define METRICS_TEXT_MAX    1024

/* False: it was lost. */
bool metrics_count(const char *name, const char *labels, double n);
bool metrics_gauge(const char *name, const char *labels, double value);
bool metrics_observe(const char *name, const char *labels, double seconds);

/* The value of a counter or gauge, the count of a histogram; 0 when it is not there. */
double metrics_value(const char *name, const char *labels);

/* What people read about a name: one line, without quotes around it. The last one counts. No more
 * names than METRICS_MAX, and no longer ones than METRICS_TEXT_MAX. */
void metrics_describe(const char *name, const char *help);

/* Labels that every series shows first, like `env="dev"`. Copied; cut at 255 bytes. */
void metrics_set_common(const char *labels);

/* Appends everything as Prometheus text format 0.0.4. 0 or UV_ENOMEM. */
int metrics_render(struct bytes *out);

/* --- what has changed, for whoever sends it on ------------------------------------------------ */

/* Each has taken what it has taken: EMF and CloudWatch, and for each every series and
 * the sums over them. */
enum metrics_reader {
  METRICS_EMF,
  METRICS_EMF_SUMS,
  METRICS_CLOUDWATCH,
  METRICS_CLOUDWATCH_SUMS,
  METRICS_READERS
};
enum metrics_kind { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM };

#define METRICS_RANGES 15 /* of a histogram: up to each of its bounds, and beyond */

struct metrics_change {
  struct metrics_series *series; /* there until metrics_reset */
  const char *name, *labels;
  enum metrics_kind kind;
  bool fresh; /* this reader has never taken anything of it */
  /* Of a gauge; else what came to a counter or to a histogram's sum since this reader took. */
  double value;
  uint64_t counts[METRICS_RANGES]; /* the same of a histogram's ranges, and the sums in them */
  double sums[METRICS_RANGES];
};

/* Everything, sorted by name and labels; freed by the caller. 0 or UV_ENOMEM. */
int metrics_changes(enum metrics_reader reader, struct metrics_change **out, size_t *n);

/* The reader has taken this one: it has arrived where it was sent.
 * Until then it comes again, and more of it. */
void metrics_take(enum metrics_reader reader, const struct metrics_change *change);

/* Forgets everything. For tests. */
void metrics_reset(void);

#endif
