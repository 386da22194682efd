/* SPDX-License-Identifier: MIT */
/* Metrics as Prometheus reads them: text format 0.0.4, HELP and TYPE before the
 * series of each name. */
#include "metrics_store.h"

#include <stdio.h>
#include <string.h>

/* The text in braces, of up to three parts that may be empty; nothing without any. */
static int append_labels(struct bytes *out, const char *own, const char *more) {
  const char *parts[] = {metrics_store_common(), own, more};
  int any = 0, err = 0;
  for (size_t i = 0; i < 3 && !err; i++) {
    if (!*parts[i]) continue;
    err = bytes_printf(out, "%s%s", any ? "," : "{", parts[i]);
    any = 1;
  }
  return err || !any ? err : bytes_append(out, "}", 1);
}

static int append_sample(struct bytes *out, const struct metrics_series *s, const char *suffix,
                         const char *more, const char *value) {
  int err = bytes_printf(out, "%s%s", s->name, suffix);
  if (!err) err = append_labels(out, s->labels, more);
  return err ? err : bytes_printf(out, " %s\n", value);
}

static int append_number(struct bytes *out, const struct metrics_series *s, const char *suffix,
                         int digits, double value) {
  char text[40];
  snprintf(text, sizeof text, "%.*g", digits, value);
  return append_sample(out, s, suffix, "", text);
}

static int append_histogram(struct bytes *out, const struct metrics_series *s) {
  char bound[32], value[32];
  unsigned long long count = 0;
  int err = 0;
  for (size_t i = 0; i < METRICS_RANGES && !err; i++) {
    count += s->spread->counts[i];
    if (i < METRICS_RANGES - 1)
      snprintf(bound, sizeof bound, "le=\"%g\"", metrics_bounds[i]);
    else
      strcpy(bound, "le=\"+Inf\"");
    snprintf(value, sizeof value, "%llu", count);
    err = append_sample(out, s, "_bucket", bound, value);
  }
  if (!err) err = append_number(out, s, "_sum", 9, s->value);
  return err ? err : append_sample(out, s, "_count", "", value);
}

/* A line break would end the comment, and a backslash begins an escape. */
static int append_help(struct bytes *out, const char *name) {
  const char *help = metrics_store_help(name);
  if (!*help) return 0;
  int err = bytes_printf(out, "# HELP %s ", name);
  for (; *help && !err; help++)
    err = *help == '\n'   ? bytes_append(out, "\\n", 2)
          : *help == '\\' ? bytes_append(out, "\\\\", 2)
                          : bytes_append(out, help, 1);
  return err ? err : bytes_append(out, "\n", 1);
}

static int append_head(struct bytes *out, const char *name, enum metrics_kind kind) {
  static const char *const types[] = {"counter", "gauge", "histogram"};
  int err = append_help(out, name);
  return err ? err : bytes_printf(out, "# TYPE %s %s\n", name, types[kind]);
}

static int append_dropped(struct bytes *out) {
  static const char name[] = "usher_metrics_dropped_total";
  if (metrics_store_dropped() <= 0) return 0;
  int err = append_head(out, name, METRICS_COUNTER);
  if (!err) err = bytes_printf(out, "%s", name);
  if (!err) err = append_labels(out, "", "");
  return err ? err : bytes_printf(out, " %.15g\n", metrics_store_dropped());
}

int metrics_render(struct bytes *out) {
  struct metrics_series **all;
  size_t n;
  int err = metrics_store_open(&all, &n);
  if (err) return err;
  for (size_t i = 0; i < n && !err; i++) {
    const struct metrics_series *s = all[i];
    if (i == 0 || strcmp(s->name, all[i - 1]->name)) err = append_head(out, s->name, s->kind);
    if (err) break;
    err = s->kind == METRICS_HISTOGRAM ? append_histogram(out, s)
                                       : append_number(out, s, "", 15, s->value);
  }
  if (!err) err = append_dropped(out);
  metrics_store_close(all);
  return err;
}
