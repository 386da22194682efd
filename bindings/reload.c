/* SPDX-License-Identifier: MIT */
/*
 * The reload's controller, on the main thread. One job at a time: read the files, prove them in a
 * state of their own, let every worker prepare one, and only then let all of them swap. Workers and
 * scripts reach it through one uv_async.
 */
#include "reload.h"

#include "log.h"
#include "metrics.h"
#include "proof.h"
#include "secret_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum phase { IDLE, PROVING, PREPARING };

struct job {
  const char *trigger;      /* a literal */
  int number;               /* as in struct reload_call */
  struct reload_call *call; /* NULL: nobody waits */
  struct job *next;
};

struct reload {
  struct reload_settings settings;
  struct versions *versions;
  struct workers *workers;
  unsigned worker_count;
  uv_async_t wake;

  enum phase phase;          /* the main thread's */
  struct version *candidate; /* workers read it between PREPARE and SWAP, when it does not change */
  struct proof *proof;

  uv_mutex_t lock;  /* guards all below */
  struct job *job;  /* under way; others than the main thread only take its call away */
  struct job *jobs; /* that wait, oldest first */
  struct reload_call *answers;
  unsigned prepared;
  char *prepare_problem;
};

static void go_on(struct reload *r);

/* --- jobs ----------------------------------------------------------------------------------- */

static int push_job(struct reload *r, const char *trigger, int number, struct reload_call *call) {
  struct job *job = malloc(sizeof *job), **at;
  if (!job) return UV_ENOMEM;
  *job = (struct job){.trigger = trigger, .number = number, .call = call};
  uv_mutex_lock(&r->lock);
  for (at = &r->jobs; *at;) at = &(*at)->next;
  *at = job;
  uv_mutex_unlock(&r->lock);
  uv_async_send(&r->wake);
  return 0;
}

void reload_ask(struct reload *r, const char *trigger) {
  push_job(r, trigger, -1, NULL);
}

int reload_call(struct reload *r, struct reload_call *call) {
  return push_job(r, call->number < 0 ? "POST /reload" : "rollback", call->number, call);
}

/* The oldest that waits is under way. False: none waits. */
static bool take_job(struct reload *r) {
  uv_mutex_lock(&r->lock);
  struct job *job = r->job = r->jobs;
  if (job) r->jobs = job->next;
  uv_mutex_unlock(&r->lock);
  return job;
}

/* Whoever waits is told; the next job may begin. */
static void finish(struct reload *r, bool ok, const char *message) {
  r->phase = IDLE;
  if (r->settings.on_outcome) r->settings.on_outcome(ok, message, r->settings.ctx);
  metrics_count("usher_reloads_total", ok ? "result=\"ok\"" : "result=\"refused\"", 1);
  uv_mutex_lock(&r->lock);
  struct job *job = r->job;
  struct reload_call *call = job->call;
  r->job = NULL;
  if (call) {
    call->ok = ok;
    call->message = strdup(message);
    call->next = r->answers;
    r->answers = call;
    worker_tell(call->worker, RELOAD_ANSWER);
  }
  uv_mutex_unlock(&r->lock);
  free(job);
  uv_async_send(&r->wake);
}

/* faults: as a JSON list, or NULL */
static void refuse(struct reload *r, const char *problem, const char *faults) {
  if (r->candidate) versions_discard(r->versions, r->candidate);
  r->candidate = NULL;
  versions_refused(r->versions, r->job->trigger, problem, faults, r->job->number < 0);
  log_event(LOG_ERROR, "reload_refused", "trigger", r->job->trigger, "problem", problem, "next",
            "the version before keeps serving; mend the script and reload", NULL);
  finish(r, false, problem);
}

/* --- the steps ------------------------------------------------------------------------------ */

static void prepare(struct reload *r) {
  r->phase = PREPARING;
  uv_mutex_lock(&r->lock);
  r->prepared = 0;
  free(r->prepare_problem);
  r->prepare_problem = NULL;
  uv_mutex_unlock(&r->lock);
  workers_tell(r->workers, RELOAD_PREPARE);
}

/* A version serves from now on, whether its specs were asked or not. */
static void tell_version(const struct reload *r, const struct version *v) {
  metrics_gauge("usher_generation", "", v->number);
  if (r->settings.prove) return;
  log_event(LOG_WARN, "specs_not_run", LOG_NUMBER("version", v->number), "reason",
            "reload.prove is off", NULL);
}

static void swap(struct reload *r) {
  char message[160];
  struct version *v = r->candidate;
  snprintf(message, sizeof message, "version %u serves (%.12s, %s)", v->number,
           script_set_hash(v->set), v->trigger);
  versions_adopt(r->versions, v);
  secret_files_adopt();
  r->candidate = NULL;
  tell_version(r, v);
  workers_tell(r->workers, RELOAD_SWAP);
  log_event(LOG_INFO, "reloaded", "trigger", r->job->trigger, "now", message, NULL);
  finish(r, true, message);
}

static void on_prepared(struct reload *r) {
  uv_mutex_lock(&r->lock);
  bool all = r->prepared == r->worker_count;
  char *problem = all ? r->prepare_problem : NULL;
  if (all) r->prepare_problem = NULL;
  uv_mutex_unlock(&r->lock);
  if (!all) return;
  if (problem) {
    workers_tell(r->workers, RELOAD_DISCARD);
    refuse(r, problem, NULL);
  } else {
    swap(r);
  }
  free(problem);
}

static void on_proved(void *ctx, struct proof_faults *faults) {
  struct reload *r = ctx;
  r->proof = NULL;
  if (faults)
    refuse(r, faults->text, faults->json);
  else
    prepare(r);
}

static void prove(struct reload *r, struct script_set *set, const char *trigger) {
  char *problem = NULL;
  r->candidate = versions_add(r->versions, set, trigger);
  int err = r->candidate ? 0 : UV_ENOMEM;
  r->phase = PROVING;
  secret_files_begin();
  if (!err)
    err = proof_start(&r->settings.vm, set, r->settings.handler, r->settings.prove, on_proved, r,
                      &r->proof, &problem);
  if (err) refuse(r, problem ? problem : uv_strerror(err), NULL);
  free(problem);
}

static void start_reload(struct reload *r) {
  struct script_set *set;
  char *problem;
  const struct vm_settings *vm = &r->settings.vm;
  int err = vm_read_set(vm, &set, &problem);
  if (err) {
    refuse(r, problem ? problem : uv_strerror(err), NULL);
    free(problem);
    return;
  }
  const struct script_set *now = versions_current(r->versions)->set;
  script_set_inherit(set, now);
  if (strcmp(script_set_hash(set), script_set_hash(now)) == 0 && !secret_files_changed()) {
    versions_mended(r->versions);
    finish(r, true, "nothing has changed");
  } else {
    prove(r, set, r->job->trigger);
  }
  script_set_unref(set);
}

static void start_rollback(struct reload *r) {
  char trigger[64];
  struct version *v = versions_find(r->versions, (unsigned)r->job->number);
  if (!v) {
    finish(r, false,
           "there is no such version to go back to; GET /status lists those that are kept");
    return;
  }
  snprintf(trigger, sizeof trigger, "rollback to %u", v->number);
  prove(r, v->set, trigger);
}

static void go_on(struct reload *r) {
  if (r->phase == PREPARING) on_prepared(r);
  if (r->phase != IDLE || !r->workers) return;
  if (!take_job(r)) return;
  if (r->job->number < 0)
    start_reload(r);
  else
    start_rollback(r);
}

static void on_wake(uv_async_t *async) {
  go_on(async->data);
}

/* --- start and end -------------------------------------------------------------------------- */

static int read_first(struct reload *r, char **problem) {
  struct script_set *set;
  const struct vm_settings *vm = &r->settings.vm;
  int err = vm_read_set(vm, &set, problem);
  if (err) return err;
  struct version *v = versions_add(r->versions, set, "start");
  secret_files_begin();
  struct proof_faults faults = {0};
  err = v ? proof_now(vm, set, r->settings.handler, r->settings.prove, &faults) : UV_ENOMEM;
  script_set_unref(set);
  *problem = faults.text;
  faults.text = NULL;
  proof_faults_free(&faults);
  if (err) {
    if (v) versions_discard(r->versions, v);
    return err;
  }
  versions_adopt(r->versions, v);
  secret_files_adopt();
  return 0;
}

int reload_open(const struct reload_settings *settings, struct reload **out, char **problem) {
  struct reload *r = calloc(1, sizeof *r);
  *problem = NULL;
  if (!r) return UV_ENOMEM;
  r->settings = *settings;
  r->versions = versions_new(settings->keep);
  int err = r->versions ? read_first(r, problem) : UV_ENOMEM;
  if (err) {
    versions_free(r->versions);
    free(r);
    return err;
  }
  uv_mutex_init(&r->lock);
  uv_async_init(settings->vm.loop, &r->wake, on_wake);
  r->wake.data = r;
  tell_version(r, versions_current(r->versions));
  *out = r;
  return 0;
}

void reload_set_workers(struct reload *r, struct workers *ws, unsigned count) {
  r->workers = ws;
  r->worker_count = count;
  uv_async_send(&r->wake); /* what was asked for meanwhile */
}

struct versions *reload_versions(struct reload *r) {
  return r->versions;
}

static void on_closed(uv_handle_t *handle) {
  struct reload *r = handle->data;
  do free(r->job);
  while (take_job(r));
  if (r->candidate) versions_discard(r->versions, r->candidate);
  free(r->prepare_problem);
  versions_free(r->versions);
  uv_mutex_destroy(&r->lock);
  free(r);
}

void reload_close(struct reload *r) {
  if (r->proof) proof_cancel(r->proof);
  uv_close((uv_handle_t *)&r->wake, on_closed);
}

/* --- a worker ------------------------------------------------------------------------------- */

struct version *reload_take(struct reload *r) {
  struct version *v = r->candidate ? r->candidate : versions_current(r->versions);
  atomic_fetch_add(&v->states, 1);
  return v;
}

void reload_prepared(struct reload *r, int err, const char *problem) {
  uv_mutex_lock(&r->lock);
  r->prepared++;
  if (err && !r->prepare_problem) r->prepare_problem = strdup(problem ? problem : uv_strerror(err));
  uv_mutex_unlock(&r->lock);
  uv_async_send(&r->wake);
}

void reload_answer(struct reload *r, struct worker *w) {
  struct reload_call *mine = NULL;
  uv_mutex_lock(&r->lock);
  for (struct reload_call **at = &r->answers; *at;) {
    struct reload_call *call = *at;
    if (call->worker != w) {
      at = &call->next;
      continue;
    }
    *at = call->next;
    call->next = mine;
    mine = call;
  }
  uv_mutex_unlock(&r->lock);
  while (mine) {
    struct reload_call *call = mine;
    mine = call->next;
    call->on_answer(call);
  }
}

void reload_forget(struct reload *r, struct reload_call *call) {
  uv_mutex_lock(&r->lock);
  for (struct reload_call **at = &r->answers; *at; at = &(*at)->next) {
    if (*at != call) continue;
    *at = call->next;
    break;
  }
  for (struct job *job = r->jobs; job; job = job->next)
    if (job->call == call) job->call = NULL;
  if (r->job && r->job->call == call) r->job->call = NULL;
  uv_mutex_unlock(&r->lock);
}
