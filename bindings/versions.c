/* SPDX-License-Identifier: MIT */
/* The list of versions, newest first, under one lock. Versions that nothing needs any more are
 * forgotten when the next one is adopted or discarded. */
#include "versions.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

struct refusal {
  char *trigger, *problem, *faults;
  double at;
};

struct versions {
  uv_mutex_t lock;
  struct version *newest;    /* adopted ones */
  struct version *discarded; /* the main thread's: their states are still open on some worker */
  unsigned keep, last_number;
  struct refusal refusal;
  atomic_bool stands; /* the refusal is that of the files as they are */
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct versions *versions_new(unsigned keep) {
  struct versions *vs = calloc(1, sizeof *vs);
  if (!vs) return NULL;
  vs->keep = keep;
  uv_mutex_init(&vs->lock);
  return vs;
}

static void free_version(struct version *v) {
  script_set_unref(v->set);
  free(v->trigger);
  free(v);
}

static void free_all(struct version *list) {
  while (list) {
    struct version *v = list;
    list = v->older;
    free_version(v);
  }
}

static void forget_refusal(struct versions *vs) {
  free(vs->refusal.trigger);
  free(vs->refusal.problem);
  free(vs->refusal.faults);
}

void versions_free(struct versions *vs) {
  if (!vs) return;
  free_all(vs->newest);
  free_all(vs->discarded);
  forget_refusal(vs);
  uv_mutex_destroy(&vs->lock);
  free(vs);
}

struct version *versions_add(struct versions *vs, struct script_set *set, const char *trigger) {
  struct version *v = calloc(1, sizeof *v);
  if (!v) return NULL;
  v->trigger = strdup(trigger);
  if (!v->trigger) {
    free(v);
    return NULL;
  }
  v->number = ++vs->last_number;
  v->set = script_set_ref(set);
  v->since = now();
  return v;
}

/* Frees what is behind the first `keep` of a list and has no state left. */
static void forget(struct version **list, unsigned keep) {
  unsigned n = 0;
  for (struct version **at = list; *at;) {
    struct version *v = *at;
    if (++n <= keep || atomic_load(&v->states)) {
      at = &v->older;
    } else {
      *at = v->older;
      free_version(v);
    }
  }
}

void versions_discard(struct versions *vs, struct version *v) {
  v->older = vs->discarded;
  vs->discarded = v;
  forget(&vs->discarded, 0);
}

void versions_adopt(struct versions *vs, struct version *v) {
  uv_mutex_lock(&vs->lock);
  v->since = now();
  v->older = vs->newest;
  vs->newest = v;
  forget(&vs->newest, vs->keep + 1);
  forget(&vs->discarded, 0);
  atomic_store(&vs->stands, false);
  uv_mutex_unlock(&vs->lock);
}

void versions_refused(struct versions *vs, const char *trigger, const char *problem,
                      const char *faults, bool stands) {
  uv_mutex_lock(&vs->lock);
  forget_refusal(vs);
  vs->refusal =
      (struct refusal){strdup(trigger), strdup(problem), strdup(faults ? faults : "[]"), now()};
  if (stands) atomic_store(&vs->stands, true);
  uv_mutex_unlock(&vs->lock);
}

void versions_mended(struct versions *vs) {
  atomic_store(&vs->stands, false);
}

int versions_standing(struct versions *vs, struct bytes *out) {
  if (!atomic_load(&vs->stands)) return 0;
  uv_mutex_lock(&vs->lock);
  const char *problem = vs->refusal.problem;
  int err = problem ? bytes_append(out, problem, strlen(problem)) : 0;
  uv_mutex_unlock(&vs->lock);
  return err;
}

struct version *versions_current(const struct versions *vs) {
  return vs->newest;
}

struct version *versions_find(const struct versions *vs, unsigned number) {
  struct version *v = vs->newest;
  if (number == 0) return v ? v->older : NULL;
  while (v && v->number != number) v = v->older;
  return v;
}

static json_t *files_of(const struct script_set *set) {
  json_t *files = json_object();
  for (size_t i = 0; i < script_set_count(set); i++) {
    const struct script_file *file = script_set_at(set, i);
    json_object_set_new(files, file->name, json_string(file->hash));
  }
  return files;
}

static json_t *describe(struct version *v, bool with_files) {
  json_t *o =
      json_pack("{s:i, s:s, s:s, s:s, s:f, s:f, s:i, s:i}", "number", (int)v->number, "hash",
                script_set_hash(v->set), "origin", script_set_origin(v->set), "trigger", v->trigger,
                "since", v->since, "age_seconds", now() - v->since, "in_flight",
                (int)atomic_load(&v->in_flight), "states", (int)atomic_load(&v->states));
  if (o && with_files) json_object_set_new(o, "files", files_of(v->set));
  return o;
}

/* Under the lock. */
static json_t *status(struct versions *vs) {
  json_t *o = json_object(), *older = json_array();
  for (struct version *v = vs->newest; v; v = v->older)
    if (v == vs->newest)
      json_object_set_new(o, "current", describe(v, true));
    else
      json_array_append_new(older, describe(v, false));
  json_object_set_new(o, "older", older);
  if (vs->refusal.problem)
    json_object_set_new(o, "last_refusal",
                        json_pack("{s:s, s:s, s:f, s:o}", "trigger", vs->refusal.trigger, "problem",
                                  vs->refusal.problem, "at", vs->refusal.at, "faults",
                                  json_loads(vs->refusal.faults, 0, NULL)));
  return o;
}

int versions_status(struct versions *vs, struct bytes *out) {
  uv_mutex_lock(&vs->lock);
  json_t *o = status(vs);
  uv_mutex_unlock(&vs->lock);
  char *text = o ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  int err = text ? bytes_append(out, text, strlen(text)) : UV_ENOMEM;
  free(text);
  json_decref(o);
  return err;
}
