/* SPDX-License-Identifier: MIT */
/* Deadlines come in order, once, and not when cleared; all on one timer. */
#include "unit.h"

#include "deadlines.h"

struct seen {
  struct deadlines *deadlines;
  struct deadline *due[16];
  size_t count;
  struct deadline *again; /* set once more when it comes */
};

static void on_due(struct deadline *d, void *ctx) {
  struct seen *seen = ctx;
  seen->due[seen->count++] = d;
  if (d != seen->again) return;
  seen->again = NULL;
  deadline_set(seen->deadlines, d, 0, d->at + 1);
}

static void on_too_late(uv_timer_t *timer) {
  (void)timer;
  fail_msg("a deadline did not come");
}

static void check_order(int64_t from_now) {
  uv_loop_t loop;
  uv_timer_t alive; /* deadlines do not keep a loop running */
  struct deadlines d;
  struct seen seen = {.deadlines = &d};
  struct deadline e[5] = {0};
  uv_loop_init(&loop);
  assert_int_equal(deadlines_open(&d, &loop, on_due, &seen), 0);
  uint64_t now = uv_now(&loop) + (uint64_t)from_now;
  deadline_set(&d, &e[0], 0, now + 30);
  deadline_set(&d, &e[1], 1, now + 10);
  deadline_set(&d, &e[2], 0, now + 20); /* before the tail of its kind */
  deadline_set(&d, &e[3], 0, now + 5);
  deadline_set(&d, &e[4], 2, now + 15);
  deadline_set(&d, &e[3], 2, now + 40); /* moved */
  deadline_clear(&e[4]);
  deadline_clear(&e[4]); /* harmless */
  seen.again = &e[1];
  uv_timer_init(&loop, &alive);
  uv_timer_start(&alive, on_too_late, 120000, 0);
  while (seen.count < 5) uv_run(&loop, UV_RUN_ONCE);
  assert_ptr_equal(seen.due[0], &e[1]);
  assert_ptr_equal(seen.due[1], &e[1]);
  assert_ptr_equal(seen.due[2], &e[2]);
  assert_ptr_equal(seen.due[3], &e[0]);
  assert_ptr_equal(seen.due[4], &e[3]);
  deadlines_close(&d, NULL);
  uv_close((uv_handle_t *)&alive, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(seen.count, 5);
  assert_int_equal(uv_loop_close(&loop), 0);
}

static void test_order(void **state) {
  (void)state;
  check_order(0);
  check_order(-50); /* the loop came too late: all are due at once */
}

static void on_arrival(uv_async_t *arrival) {
  deadline_clear(arrival->data);
  uv_close((uv_handle_t *)arrival, NULL);
}

/* The loop comes late; what it waits for has been there for long. */
static void test_what_has_arrived_comes_first(void **state) {
  (void)state;
  uv_loop_t loop;
  uv_async_t arrival;
  struct deadlines d;
  struct seen seen = {.deadlines = &d};
  struct deadline e = {0};
  uv_loop_init(&loop);
  assert_int_equal(deadlines_open(&d, &loop, on_due, &seen), 0);
  uv_async_init(&loop, &arrival, on_arrival);
  arrival.data = &e;
  deadline_set(&d, &e, 0, uv_now(&loop) - 50);
  uv_async_send(&arrival);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(seen.count, 0);
  deadlines_close(&d, NULL);
  uv_run(&loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_order),
                                     cmocka_unit_test(test_what_has_arrived_comes_first)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
