/* SPDX-License-Identifier: MIT */
/* Metrics: a hash table of series behind one lock. A sign-up touches about ten of them,
 * some fifty nanoseconds each. */
#include "metrics_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

const double metrics_bounds[METRICS_RANGES - 1] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                   0.25,  0.5,    1,     2.5,  5,     10,   30};

struct help {
  struct help *next;
  char *text;
  char name[];
};

#define BUCKETS 256
static struct metrics_series *table[BUCKETS];
static size_t total;
static double dropped;
static size_t described;
static struct help *helps; /* some dozens, read when everything is rendered */
static char common[256];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned hash(const char *a, const char *b) {
  unsigned h = 2166136261u;
  for (; *a; a++) h = (h ^ (unsigned char)*a) * 16777619u;
  for (; *b; b++) h = (h ^ (unsigned char)*b) * 16777619u;
  return h % BUCKETS;
}

static struct metrics_series *find(const char *name, const char *labels) {
  struct metrics_series *s = table[hash(name, labels)];
  while (s && (strcmp(s->name, name) || strcmp(s->labels, labels))) s = s->next;
  return s;
}

/* A name is of one kind, whatever its labels: it is rendered under one TYPE line. One that takes
 * all that comes for a label leaves room for others. Asked once for each new series. */
static bool fits(enum metrics_kind kind, const char *name, const char *labels) {
  size_t alike = 0;
  if (total >= METRICS_MAX || strlen(name) + strlen(labels) > METRICS_TEXT_MAX) return false;
  for (size_t i = 0; i < BUCKETS; i++)
    for (const struct metrics_series *s = table[i]; s; s = s->next) {
      if (strcmp(s->name, name)) continue;
      if (s->kind != kind || ++alike == METRICS_OF_NAME_MAX) return false;
    }
  return true;
}

static struct metrics_series *series_new(enum metrics_kind kind, const char *name,
                                         const char *labels) {
  size_t n = strlen(name) + 1, l = strlen(labels) + 1;
  struct metrics_series *s = calloc(1, sizeof *s + n + l);
  if (!s) return NULL;
  if (kind == METRICS_HISTOGRAM) {
    s->spread = calloc(1 + METRICS_READERS, sizeof *s->spread);
    if (!s->spread) goto fail;
  }
  memcpy(s->name, name, n);
  s->labels = memcpy(s->name + n, labels, l);
  s->kind = kind;
  return s;
fail:
  free(s);
  return NULL;
}

static struct metrics_series *find_or_add(enum metrics_kind kind, const char *name,
                                          const char *labels) {
  struct metrics_series *s = find(name, labels);
  if (s && s->kind == kind) return s;
  s = !s && fits(kind, name, labels) ? series_new(kind, name, labels) : NULL;
  if (!s) {
    dropped++;
    return NULL;
  }
  struct metrics_series **bucket = &table[hash(name, labels)];
  s->next = *bucket;
  *bucket = s;
  total++;
  return s;
}

bool metrics_count(const char *name, const char *labels, double n) {
  pthread_mutex_lock(&lock);
  struct metrics_series *s = find_or_add(METRICS_COUNTER, name, labels);
  if (s) s->value += n;
  pthread_mutex_unlock(&lock);
  return s != NULL;
}

bool metrics_gauge(const char *name, const char *labels, double value) {
  pthread_mutex_lock(&lock);
  struct metrics_series *s = find_or_add(METRICS_GAUGE, name, labels);
  if (s) s->value = value;
  pthread_mutex_unlock(&lock);
  return s != NULL;
}

bool metrics_observe(const char *name, const char *labels, double seconds) {
  size_t range = 0;
  while (range < METRICS_RANGES - 1 && !(seconds <= metrics_bounds[range])) range++;
  pthread_mutex_lock(&lock);
  struct metrics_series *s = find_or_add(METRICS_HISTOGRAM, name, labels);
  if (s) {
    s->value += seconds;
    s->spread->counts[range]++;
    s->spread->sums[range] += seconds;
  }
  pthread_mutex_unlock(&lock);
  return s != NULL;
}

/* Of a histogram. */
static uint64_t observations(const struct metrics_series *s) {
  uint64_t count = 0;
  for (size_t i = 0; i < METRICS_RANGES; i++) count += s->spread->counts[i];
  return count;
}

double metrics_value(const char *name, const char *labels) {
  pthread_mutex_lock(&lock);
  struct metrics_series *s = find(name, labels);
  double value = !s ? 0 : s->kind == METRICS_HISTOGRAM ? (double)observations(s) : s->value;
  pthread_mutex_unlock(&lock);
  return value;
}

static int by_name(const void *a, const void *b) {
  const struct metrics_series *x = *(struct metrics_series *const *)a;
  const struct metrics_series *y = *(struct metrics_series *const *)b;
  int order = strcmp(x->name, y->name);
  return order ? order : strcmp(x->labels, y->labels);
}

/* --- for metrics_text.c and metrics_changes.c ------------------------------------------------- */

void metrics_store_lock(void) {
  pthread_mutex_lock(&lock);
}
void metrics_store_unlock(void) {
  pthread_mutex_unlock(&lock);
}

int metrics_store_open(struct metrics_series ***all, size_t *n) {
  metrics_store_lock();
  struct metrics_series **list = malloc((total + 1) * sizeof *list);
  if (!list) {
    metrics_store_unlock();
    return UV_ENOMEM;
  }
  *n = 0;
  for (size_t i = 0; i < BUCKETS; i++)
    for (struct metrics_series *s = table[i]; s; s = s->next) list[(*n)++] = s;
  qsort(list, *n, sizeof *list, by_name);
  *all = list;
  return 0;
}

void metrics_store_close(struct metrics_series **all) {
  metrics_store_unlock();
  free(all);
}

static struct help *find_help(const char *name) {
  struct help *h = helps;
  while (h && strcmp(h->name, name)) h = h->next;
  return h;
}

const char *metrics_store_help(const char *name) {
  const struct help *h = find_help(name);
  return h ? h->text : "";
}

const char *metrics_store_common(void) {
  return common;
}
double metrics_store_dropped(void) {
  return dropped;
}

/* --- what is said about them ------------------------------------------------------------------ */

static struct help *add_help(const char *name) {
  size_t len = strlen(name) + 1;
  struct help *h = described < METRICS_MAX ? calloc(1, sizeof *h + len) : NULL;
  if (!h) return NULL;
  described++;
  memcpy(h->name, name, len);
  h->next = helps;
  helps = h;
  return h;
}

void metrics_describe(const char *name, const char *help) {
  char *text = strlen(name) + strlen(help) <= METRICS_TEXT_MAX ? strdup(help) : NULL;
  if (!text) return; /* it stays undescribed */
  pthread_mutex_lock(&lock);
  struct help *h = find_help(name);
  if (!h) h = add_help(name);
  if (h) {
    free(h->text);
    h->text = text;
  } else {
    free(text);
  }
  pthread_mutex_unlock(&lock);
}

void metrics_set_common(const char *labels) {
  pthread_mutex_lock(&lock);
  snprintf(common, sizeof common, "%s", labels);
  pthread_mutex_unlock(&lock);
}

void metrics_reset(void) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < BUCKETS; i++) {
    while (table[i]) {
      struct metrics_series *s = table[i];
      table[i] = s->next;
      free(s->spread);
      free(s);
    }
  }
  while (helps) {
    struct help *h = helps;
    helps = h->next;
    free(h->text);
    free(h);
  }
  total = described = 0;
  dropped = 0;
  *common = '\0';
  pthread_mutex_unlock(&lock);
}
