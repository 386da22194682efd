/* SPDX-License-Identifier: MIT */
/* The watchdog: a thread that computes gets ticks, its own and in the middle of it;
 * one that waits, or has closed, none. */
#include "unit.h"

#include "watchdog.h"

#include <pthread.h>
#include <signal.h>
#include <uv.h>

static _Thread_local volatile sig_atomic_t ticks;
static _Thread_local volatile uint64_t cpu;

WATCHDOG_HANDLER static void on_tick(uint64_t now) {
  ticks = ticks + 1;
  cpu = now;
}

/* Nothing in here calls anything: only a signal gets through. */
static void compute(int until) {
  while (ticks < until) continue;
}

static void test_ticks_come_while_it_computes(void **state) {
  (void)state;
  ticks = 0;
  assert_int_equal(watchdog_open(on_tick), 0);
  compute(1);
  uint64_t first = cpu;
  compute(11);
  assert_true(cpu - first >= 10 * (WATCHDOG_TICK_NS / 2));
  watchdog_close();
}

static uint64_t cpu_time(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void test_none_after_the_last_close(void **state) {
  (void)state;
  assert_int_equal(watchdog_open(on_tick), 0);
  assert_int_equal(watchdog_open(on_tick), 0);
  ticks = 0;
  watchdog_close();
  compute(2); /* one is open still */
  watchdog_close();
  int before = ticks;
  for (uint64_t till = cpu_time() + 5 * WATCHDOG_TICK_NS; cpu_time() < till;) continue;
  assert_int_equal(ticks, before);
}

/* No assertion here: cmocka's are for the thread that runs the tests. */
static void *compute_alone(void *ctx) {
  if (watchdog_open(on_tick)) return NULL;
  compute(5);
  watchdog_close();
  *(int *)ctx = ticks;
  return NULL;
}

/* The main thread waits in pthread_join: what it has used stays far below a tick. */
static void test_each_thread_has_its_own(void **state) {
  (void)state;
  pthread_t threads[3];
  int counts[3] = {0};
  assert_int_equal(watchdog_open(on_tick), 0);
  ticks = 0;
  for (int i = 0; i < 3; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, compute_alone, &counts[i]), 0);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 3; i++) assert_true(counts[i] >= 5);
  assert_true(ticks <= 1);
  watchdog_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ticks_come_while_it_computes),
      cmocka_unit_test(test_none_after_the_last_close),
      cmocka_unit_test(test_each_thread_has_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
