/* SPDX-License-Identifier: MIT */
/* Threads with a loop each. Orders reach them through one uv_async and one atomic word. */
#include "workers.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* The bits below are workers_tell's words. */
enum { ALONE = 1u << 29, DRAIN = 1u << 30, STOP = 1u << 31 };

struct worker {
  struct workers *group;
  unsigned index;
  uv_loop_t loop;
  uv_async_t order;
  atomic_uint orders;
  uv_thread_t thread;
  bool draining;
  bool deaf; /* under the group's lock: its order handle is closing */
  void *data;
};

struct workers {
  struct worker_hooks hooks;
  void *ctx;
  uv_mutex_t lock;
  uv_cond_t changed;
  unsigned opened, draining, ended, threads, count; /* under the lock */
  int err;
  struct worker worker[];
};

uv_loop_t *worker_loop(struct worker *w) {
  return &w->loop;
}
unsigned worker_index(const struct worker *w) {
  return w->index;
}
void *worker_data(const struct worker *w) {
  return w->data;
}
void worker_set_data(struct worker *w, void *data) {
  w->data = data;
}
void worker_stop(struct worker *w) {
  uv_stop(&w->loop);
}

static void tell_alone(struct worker *w) {
  struct workers *ws = w->group;
  if (ws->hooks.alone) ws->hooks.alone(w, ws->ctx);
}

static void begin_drain(struct worker *w) {
  struct workers *ws = w->group;
  w->draining = true;
  ws->hooks.drain(w, ws->ctx);
  uv_mutex_lock(&ws->lock);
  bool last = ++ws->draining == ws->count;
  uv_mutex_unlock(&ws->lock);
  if (last && ws->hooks.draining) ws->hooks.draining(ws->ctx);
  if (ws->count == 1) tell_alone(w);
}

static void on_order(uv_async_t *async) {
  struct worker *w = async->data;
  unsigned orders = atomic_exchange(&w->orders, 0);
  if (orders & STOP) {
    worker_stop(w);
    return;
  }
  if ((orders & DRAIN) && !w->draining) begin_drain(w);
  if (orders & ALONE) tell_alone(w);
  unsigned words = orders & (ALONE - 1);
  if (words && w->group->hooks.told) w->group->hooks.told(w, words, w->group->ctx);
}

static void tell_opened(struct workers *ws, int err) {
  uv_mutex_lock(&ws->lock);
  ws->opened++;
  if (err && !ws->err) ws->err = err;
  uv_cond_broadcast(&ws->changed);
  uv_mutex_unlock(&ws->lock);
}

static void tell_ended(struct workers *ws) {
  uv_mutex_lock(&ws->lock);
  bool last = ++ws->ended == ws->count;
  struct worker *first = ws->worker;
  if (ws->ended == ws->count - 1 && !first->deaf) {
    atomic_fetch_or(&first->orders, ALONE);
    uv_async_send(&first->order);
  }
  uv_mutex_unlock(&ws->lock);
  if (last && ws->hooks.ended) ws->hooks.ended(ws->ctx);
}

static void work(void *arg) {
  struct worker *w = arg;
  struct workers *ws = w->group;
  int err = ws->hooks.open(w, ws->ctx);
  tell_opened(ws, err);
  if (!err) uv_run(&w->loop, UV_RUN_DEFAULT);
  ws->hooks.close(w, ws->ctx);
  uv_mutex_lock(&ws->lock);
  w->deaf = true;
  uv_mutex_unlock(&ws->lock);
  uv_close((uv_handle_t *)&w->order, NULL);
  uv_run(&w->loop, UV_RUN_DEFAULT);
  uv_loop_close(&w->loop);
  tell_ended(ws);
}

static int start_one(struct workers *ws, unsigned i) {
  struct worker *w = &ws->worker[i];
  w->group = ws;
  w->index = i;
  int err = uv_loop_init(&w->loop);
  if (err) return err;
  w->order.data = w;
  err = uv_async_init(&w->loop, &w->order, on_order);
  if (err) goto fail;
  err = uv_thread_create(&w->thread, work, w);
  if (err) goto fail_order;
  ws->threads++;
  return 0;
fail_order:
  uv_close((uv_handle_t *)&w->order, NULL);
  uv_run(&w->loop, UV_RUN_DEFAULT);
fail:
  uv_loop_close(&w->loop);
  return err;
}

int workers_start(unsigned count, const struct worker_hooks *hooks, void *ctx,
                  struct workers **out) {
  struct workers *ws = calloc(1, sizeof *ws + count * sizeof *ws->worker);
  if (!ws) return UV_ENOMEM;
  ws->hooks = *hooks;
  ws->ctx = ctx;
  ws->count = count;
  uv_mutex_init(&ws->lock);
  uv_cond_init(&ws->changed);
  int err = 0;
  for (unsigned i = 0; i < count && !err; i++) err = start_one(ws, i);
  uv_mutex_lock(&ws->lock);
  while (ws->opened < ws->threads) uv_cond_wait(&ws->changed, &ws->lock);
  if (!err) err = ws->err;
  uv_mutex_unlock(&ws->lock);
  if (err) {
    workers_stop(ws); /* those that did open */
    workers_free(ws);
    return err;
  }
  *out = ws;
  return 0;
}

/* Under the group's lock. */
static void order_one(struct worker *w, unsigned order) {
  if (w->deaf) return;
  atomic_fetch_or(&w->orders, order);
  uv_async_send(&w->order);
}

static void give_order(struct workers *ws, unsigned order) {
  uv_mutex_lock(&ws->lock);
  for (unsigned i = 0; i < ws->threads; i++) order_one(&ws->worker[i], order);
  uv_mutex_unlock(&ws->lock);
}

void workers_tell(struct workers *ws, unsigned words) {
  give_order(ws, words);
}

void worker_tell(struct worker *w, unsigned words) {
  uv_mutex_lock(&w->group->lock);
  order_one(w, words);
  uv_mutex_unlock(&w->group->lock);
}

void workers_drain(struct workers *ws) {
  give_order(ws, DRAIN);
}
void workers_stop(struct workers *ws) {
  give_order(ws, STOP);
}

void workers_free(struct workers *ws) {
  for (unsigned i = 0; i < ws->threads; i++) uv_thread_join(&ws->worker[i].thread);
  uv_cond_destroy(&ws->changed);
  uv_mutex_destroy(&ws->lock);
  free(ws);
}
