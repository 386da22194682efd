/* SPDX-License-Identifier: MIT */
/* Limits hold to the token, for one thread and for many, and full memory forgets the right key. */
#include "unit.h"

#include "limiter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define SECOND 1000000000ull

static uint64_t take(struct limiter *l, const char *key, struct limit limit, uint64_t now) {
  return limiter_take(l, key, strlen(key), &limit, now);
}

static void test_table(void **state) {
  (void)state;
  static const struct {
    const char *what, *key;
    struct limit limit;
    double at, wait; /* seconds */
  } rows[] = {
      {"a burst of two", "a", {1, 2, 1}, 10, 0},
      {"is two", "a", {1, 2, 1}, 10, 0},
      {"and not three", "a", {1, 2, 1}, 10, 1},
      {"a refusal costs nothing", "a", {1, 2, 1}, 10, 1},
      {"it says how long", "a", {1, 2, 1}, 10.25, 0.75},
      {"another key is another", "b", {1, 2, 1}, 10.25, 0},
      {"a second brings one", "a", {1, 2, 1}, 11, 0},
      {"and no more", "a", {1, 2, 1}, 11, 1},
      {"long rest", "a", {1, 2, 1}, 1000, 0},
      {"gives back the burst", "a", {1, 2, 1}, 1000, 0},
      {"and nothing beyond it", "a", {1, 2, 1}, 1000, 1},
      {"a slow rate", "c", {1 / 3600.0, 1, 1}, 2000, 0},
      {"waits an hour", "c", {1 / 3600.0, 1, 1}, 2000, 3600},
      {"a cost of three", "d", {1, 4, 3}, 3000, 0},
      {"leaves one", "d", {1, 4, 1}, 3000, 0},
      {"and one only", "d", {1, 4, 3}, 3000, 3},
      {"no cost is always within", "e", {1, 1, 0}, 4000, 0},
      {"the empty key is a key", "", {1, 1, 1}, 5000, 0},
      {"like any other", "", {1, 1, 1}, 5000, 1},
  };
  struct limiter *l = limiter_new(1024);
  for (size_t i = 0; i < COUNT(rows); i++) {
    uint64_t wait = take(l, rows[i].key, rows[i].limit, (uint64_t)(rows[i].at * 1e9));
    uint64_t want = (uint64_t)(rows[i].wait * 1e9);
    if (wait + 1000 < want || wait > want + 1000)
      fail_msg("%s: %llu instead of %llu ns", rows[i].what, (unsigned long long)wait,
               (unsigned long long)want);
  }
  limiter_free(l);
}

/* One that is held back stays so, however many new keys come; memory does not grow. */
static void test_a_flood_frees_nobody(void **state) {
  (void)state;
  const struct limit limit = {0.001, 5, 1};
  struct limiter *l = limiter_new(64);
  for (int i = 0; i < 5; i++) assert_int_equal(take(l, "held back", limit, SECOND), 0);
  assert_int_not_equal(take(l, "held back", limit, SECOND), 0);
  for (int i = 0; i < 10000; i++) {
    char key[16];
    snprintf(key, sizeof key, "new %d", i);
    take(l, key, limit, SECOND + 1);
  }
  assert_int_not_equal(take(l, "held back", limit, SECOND + 2), 0);
  limiter_free(l);
}

#define THREADS 4
#define TRIES   20000

struct crowd {
  struct limiter *limiter;
  atomic_int within[3];
};

static void *push_in(void *arg) {
  static const char *const keys[3] = {"one", "two", "three"};
  static const struct limit limit = {0.001, 1000, 1};
  struct crowd *crowd = arg;
  for (int i = 0; i < TRIES; i++)
    if (take(crowd->limiter, keys[i % 3], limit, SECOND) == 0)
      atomic_fetch_add(&crowd->within[i % 3], 1);
  return NULL;
}

static void test_threads_share_one_limit(void **state) {
  (void)state;
  struct crowd crowd = {.limiter = limiter_new(4096)};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, push_in, &crowd), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < 3; i++) assert_int_equal(crowd.within[i], 1000);
  limiter_free(crowd.limiter);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),
      cmocka_unit_test(test_a_flood_frees_nobody),
      cmocka_unit_test(test_threads_share_one_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
