/* SPDX-License-Identifier: MIT */
/* Metrics: a hash table of series behind one lock. A sign-up touches about ten of them, some fifty nanoseconds each. */
#include "metrics.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum kind { COUNTER, GAUGE, HISTOGRAM };

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                0.25,  0.5,    1,     2.5,  5,     10,   30};
#define BOUNDS (sizeof bounds / sizeof *bounds)

struct series {
  struct series *next; /* in the bucket */
  enum kind kind;
  double value; /* the sum of a histogram */
  uint64_t count, buckets[BOUNDS];
  const char *labels;
  char name[]; /* name NUL labels NUL */
};

#define BUCKETS 256
static struct series *table[BUCKETS];
static size_t total;
static double dropped;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned hash(const char *a, const char *b) {
  unsigned h = 2166136261u;
  for (; *a; a++) h = (h ^ (unsigned char)*a) * 16777619u;
  for (; *b; b++) h = (h ^ (unsigned char)*b) * 16777619u;
  return h % BUCKETS;
}

static struct series *find(const char *name, const char *labels) {
  struct series *s = table[hash(name, labels)];
  while (s && (strcmp(s->name, name) || strcmp(s->labels, labels))) s = s->next;
  return s;
}

/* A name is of one kind, whatever its labels: it is rendered under one TYPE line. Asked once for each new series. */
static bool name_fits(enum kind kind, const char *name) {
  for (size_t i = 0; i < BUCKETS; i++)
    for (const struct series *s = table[i]; s; s = s->next)
      if (s->kind != kind && strcmp(s->name, name) == 0) return false;
  return true;
}

static struct series *find_or_add(enum kind kind, const char *name, const char *labels) {
  struct series *s = find(name, labels);
  if (s && s->kind == kind) return s;
  size_t n = strlen(name) + 1, l = strlen(labels) + 1;
  s = !s && total < METRICS_MAX && name_fits(kind, name) ? calloc(1, sizeof *s + n + l) : NULL;
  if (!s) {
    dropped++;
    return NULL;
  }
  memcpy(s->name, name, n);
  s->labels = memcpy(s->name + n, labels, l);
  s->kind = kind;
  struct series **bucket = &table[hash(name, labels)];
  s->next = *bucket;
  *bucket = s;
  total++;
  return s;
}

void metrics_count(const char *name, const char *labels, double n) {
  pthread_mutex_lock(&lock);
  struct series *s = find_or_add(COUNTER, name, labels);
  if (s) s->value += n;
  pthread_mutex_unlock(&lock);
}

void metrics_gauge(const char *name, const char *labels, double value) {
  pthread_mutex_lock(&lock);
  struct series *s = find_or_add(GAUGE, name, labels);
  if (s) s->value = value;
  pthread_mutex_unlock(&lock);
}

void metrics_observe(const char *name, const char *labels, double seconds) {
  pthread_mutex_lock(&lock);
  struct series *s = find_or_add(HISTOGRAM, name, labels);
  if (s) {
    s->value += seconds;
    s->count++;
    for (size_t i = 0; i < BOUNDS; i++)
      if (seconds <= bounds[i]) s->buckets[i]++;
  }
  pthread_mutex_unlock(&lock);
}

double metrics_value(const char *name, const char *labels) {
  pthread_mutex_lock(&lock);
  struct series *s = find(name, labels);
  double value = !s ? 0 : s->kind == HISTOGRAM ? (double)s->count : s->value;
  pthread_mutex_unlock(&lock);
  return value;
}

static int by_name(const void *a, const void *b) {
  const struct series *x = *(struct series *const *)a, *y = *(struct series *const *)b;
  int order = strcmp(x->name, y->name);
  return order ? order : strcmp(x->labels, y->labels);
}

static int render_histogram(struct bytes *out, const struct series *s) {
  const char *comma = *s->labels ? "," : "";
  int err = 0;
  for (size_t i = 0; i < BOUNDS && !err; i++)
    err = bytes_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", s->name, s->labels, comma, bounds[i],
                       (unsigned long long)s->buckets[i]);
  if (!err)
    err = bytes_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", s->name, s->labels, comma,
                       (unsigned long long)s->count);
  const char *open = *s->labels ? "{" : "", *close = *s->labels ? "}" : "";
  if (!err)
    err = bytes_printf(out, "%s_sum%s%s%s %.9g\n%s_count%s%s%s %llu\n", s->name, open, s->labels,
                       close, s->value, s->name, open, s->labels, close,
                       (unsigned long long)s->count);
  return err;
}

static int render_series(struct bytes *out, const struct series *s) {
  if (s->kind == HISTOGRAM) return render_histogram(out, s);
  const char *open = *s->labels ? "{" : "", *close = *s->labels ? "}" : "";
  return bytes_printf(out, "%s%s%s%s %.15g\n", s->name, open, s->labels, close, s->value);
}

static int render_all(struct bytes *out, struct series **all) {
  static const char *const types[] = {"counter", "gauge", "histogram"};
  size_t n = 0;
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct series *s = table[i]; s; s = s->next) all[n++] = s;
  qsort(all, n, sizeof *all, by_name);
  int err = 0;
  for (size_t i = 0; i < n && !err; i++) {
    if (i == 0 || strcmp(all[i]->name, all[i - 1]->name))
      err = bytes_printf(out, "# TYPE %s %s\n", all[i]->name, types[all[i]->kind]);
    if (!err) err = render_series(out, all[i]);
  }
  if (!err && dropped > 0)
    err = bytes_printf(
        out, "# TYPE usher_metrics_dropped_total counter\nusher_metrics_dropped_total %.15g\n",
        dropped);
  return err;
}

int metrics_render(struct bytes *out) {
  pthread_mutex_lock(&lock);
  struct series **all = malloc((total + 1) * sizeof *all);
  int err = all ? render_all(out, all) : bytes_reserve(out, SIZE_MAX);
  pthread_mutex_unlock(&lock);
  free(all);
  return err;
}

void metrics_reset(void) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < BUCKETS; i++) {
    while (table[i]) {
      struct series *s = table[i];
      table[i] = s->next;
      free(s);
    }
  }
  total = 0;
  dropped = 0;
  pthread_mutex_unlock(&lock);
}
