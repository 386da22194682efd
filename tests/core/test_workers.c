/* SPDX-License-Identifier: MIT */
/* Workers: each opens, hears its orders and closes on its own thread; the last one out says so. */
#include "unit.h"

#include "workers.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <uv.h>

enum { MOST = 4 };

struct place { /* what one worker saw; written by its thread alone */
  uv_thread_t thread;
  uv_timer_t open_for_ever; /* keeps the loop busy until close */
  int opened, drained, closed, handle_closed;
  bool same_thread;
};

struct house {
  struct place places[MOST];
  int refuse;    /* the worker whose open fails, or -1 */
  bool stubborn; /* a drain does not end it */
  uv_sem_t drained, all_ended;
  atomic_int opened, drained_before, closed, ended, closed_before_end;
};

static void on_timer(uv_timer_t *timer) {
  (void)timer;
}

static void on_handle_closed(uv_handle_t *h) {
  ((struct place *)h->data)->handle_closed++;
}

static int on_open(struct worker *w, void *ctx) {
  struct house *h = ctx;
  struct place *p = &h->places[worker_index(w)];
  p->thread = uv_thread_self();
  p->opened++;
  p->same_thread = true;
  atomic_fetch_add(&h->opened, 1);
  if ((int)worker_index(w) == h->refuse) return UV_EBUSY;
  worker_set_data(w, p);
  p->open_for_ever.data = p;
  uv_timer_init(worker_loop(w), &p->open_for_ever);
  return uv_timer_start(&p->open_for_ever, on_timer, 1000000, 0);
}

static bool is_own(const struct place *p) {
  uv_thread_t self = uv_thread_self();
  return uv_thread_equal(&p->thread, &self);
}

static void on_drain(struct worker *w, void *ctx) {
  struct house *h = ctx;
  struct place *p = worker_data(w);
  p->drained++;
  p->same_thread = p->same_thread && is_own(p);
  uv_sem_post(&h->drained);
  if (!h->stubborn) worker_stop(w);
}

static void on_close(struct worker *w, void *ctx) {
  struct house *h = ctx;
  struct place *p = &h->places[worker_index(w)];
  p->closed++;
  p->same_thread = p->same_thread && is_own(p);
  atomic_fetch_add(&h->closed, 1);
  if (worker_data(w)) uv_close((uv_handle_t *)&p->open_for_ever, on_handle_closed);
}

static void on_draining(void *ctx) {
  struct house *h = ctx;
  for (unsigned i = 0; i < (unsigned)atomic_load(&h->opened); i++)
    atomic_fetch_add(&h->drained_before, h->places[i].drained);
}

static void on_ended(void *ctx) {
  struct house *h = ctx;
  atomic_fetch_add(&h->ended, 1);
  atomic_store(&h->closed_before_end, atomic_load(&h->closed));
  uv_sem_post(&h->all_ended);
}

static const struct worker_hooks hooks = {.open = on_open,
                                          .drain = on_drain,
                                          .draining = on_draining,
                                          .close = on_close,
                                          .ended = on_ended};

static void house_open(struct house *h) {
  memset(h, 0, sizeof *h);
  h->refuse = -1;
  assert_int_equal(uv_sem_init(&h->drained, 0), 0);
  assert_int_equal(uv_sem_init(&h->all_ended, 0), 0);
}

static void house_close(struct house *h) {
  uv_sem_destroy(&h->drained);
  uv_sem_destroy(&h->all_ended);
}

static void assert_all_closed(struct house *h, unsigned count, int drained) {
  for (unsigned i = 0; i < count; i++) {
    const struct place *p = &h->places[i];
    assert_int_equal(p->opened, 1);
    assert_int_equal(p->closed, 1);
    assert_int_equal(p->drained, drained);
    assert_int_equal(p->handle_closed, (int)i != h->refuse);
    assert_true(p->same_thread);
    for (unsigned k = 0; k < i; k++)
      assert_false(uv_thread_equal(&p->thread, &h->places[k].thread));
  }
  assert_int_equal(atomic_load(&h->drained_before), drained ? count : 0);
  assert_int_equal(atomic_load(&h->ended), 1);
  assert_int_equal(atomic_load(&h->closed_before_end), count);
}

static const unsigned counts[] = {1, 4};

static void test_drain(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(counts); i++) {
    struct house h;
    struct workers *ws;
    house_open(&h);
    assert_int_equal(workers_start(counts[i], &hooks, &h, &ws), 0);
    assert_int_equal(atomic_load(&h.opened), counts[i]); /* all of them, before start returns */
    workers_drain(ws);
    workers_drain(ws); /* once more changes nothing */
    uv_sem_wait(&h.all_ended);
    workers_stop(ws); /* too late, and harmless */
    workers_free(ws);
    assert_all_closed(&h, counts[i], 1);
    house_close(&h);
  }
}

static void test_stop(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(counts); i++) {
    struct house h;
    struct workers *ws;
    house_open(&h);
    assert_int_equal(workers_start(counts[i], &hooks, &h, &ws), 0);
    workers_stop(ws);
    workers_free(ws);
    assert_all_closed(&h, counts[i], 0);
    house_close(&h);
  }
}

/* A drain that takes too long is ended by a stop. */
static void test_stop_while_draining(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(counts); i++) {
    struct house h;
    struct workers *ws;
    house_open(&h);
    h.stubborn = true;
    assert_int_equal(workers_start(counts[i], &hooks, &h, &ws), 0);
    workers_drain(ws);
    for (unsigned n = 0; n < counts[i]; n++) uv_sem_wait(&h.drained);
    workers_drain(ws);
    assert_int_equal(atomic_load(&h.ended), 0);
    workers_stop(ws);
    workers_free(ws);
    assert_all_closed(&h, counts[i], 1);
    house_close(&h);
  }
}

/* One that cannot open takes the others with it: they are closed when start returns. */
static void test_open_fails(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(counts); i++)
    for (int refuse = 0; refuse < (int)counts[i]; refuse++) {
      struct house h;
      struct workers *ws = NULL;
      house_open(&h);
      h.refuse = refuse;
      assert_int_equal(workers_start(counts[i], &hooks, &h, &ws), UV_EBUSY);
      assert_null(ws);
      assert_all_closed(&h, counts[i], 0);
      house_close(&h);
    }
}

/* Orders of many threads at once, while the workers end: nobody is called twice,
 * nothing is touched too late. */
static void give_orders(void *arg) {
  struct workers *ws = arg;
  for (int i = 0; i < 200; i++) workers_drain(ws);
  workers_stop(ws);
}

static void test_orders_race(void **state) {
  (void)state;
  struct house h;
  struct workers *ws;
  uv_thread_t threads[MOST];
  house_open(&h);
  h.stubborn = true;
  assert_int_equal(workers_start(MOST, &hooks, &h, &ws), 0);
  for (int i = 0; i < MOST; i++)
    assert_int_equal(uv_thread_create(&threads[i], give_orders, ws), 0);
  for (int i = 0; i < MOST; i++) uv_thread_join(&threads[i]);
  workers_free(ws);
  for (int i = 0; i < MOST; i++) {
    assert_int_equal(h.places[i].closed, 1);
    assert_in_range(h.places[i].drained, 0, 1);
  }
  assert_int_equal(atomic_load(&h.ended), 1);
  house_close(&h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_drain),
      cmocka_unit_test(test_stop),
      cmocka_unit_test(test_stop_while_draining),
      cmocka_unit_test(test_open_fails),
      cmocka_unit_test(test_orders_race),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
