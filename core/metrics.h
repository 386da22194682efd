/* SPDX-License-Identifier: MIT */
/* Counters, gauges and latency histograms of the whole process. Any thread; they outlive every script reload. */
#ifndef USHER_METRICS_H
#define USHER_METRICS_H

#include "bytes.h"

/* labels are Prometheus text without braces: `method="email",step="cognito"`, or "". Both strings are copied the first
 * time. Beyond METRICS_MAX distinct series, and for a name that is already of another kind, the
 * value is lost and counted in usher_metrics_dropped_total. */
#define METRICS_MAX 2000

void metrics_count(const char *name, const char *labels, double n);
void metrics_gauge(const char *name, const char *labels, double value);
void metrics_observe(const char *name, const char *labels, double seconds);

/* The value of a counter or gauge, the count of a histogram; 0 when it is not there. */
double metrics_value(const char *name, const char *labels);

/* Appends everything as Prometheus text format 0.0.4. 0 or UV_ENOMEM. */
int metrics_render(struct bytes *out);

/* Forgets everything. For tests. */
void metrics_reset(void);

#endif
