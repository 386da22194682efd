/* SPDX-License-Identifier: MIT */
/* Marks are there once, until they are taken away, for all threads. */
#include "unit.h"

#include "marks.h"

#include <stdatomic.h>
#include <stdio.h>
#include <uv.h>

static void test_once(void **state) {
  (void)state;
  assert_true(marks_add("USER a"));
  assert_false(marks_add("USER a"));
  assert_true(marks_add("ACCOUNT a"));
  assert_true(marks_add("USER b"));
  assert_int_equal(marks_count("USER "), 2);
  assert_int_equal(marks_count(""), 3);
  size_t n;
  char **list = marks_list("USER ", &n);
  assert_int_equal(n, 2);
  assert_string_equal(list[0], "USER a");
  assert_string_equal(list[1], "USER b");
  marks_free_list(list, n);
  assert_true(marks_remove("USER a"));
  assert_false(marks_remove("USER a"));
  assert_true(marks_remove("USER b"));
  assert_true(marks_remove("ACCOUNT a"));
  assert_int_equal(marks_count(""), 0);
}

static void test_cap(void **state) {
  (void)state;
  char name[16];
  for (int i = 0; i < MARKS_MAX + 5; i++) {
    snprintf(name, sizeof name, "n%d", i);
    assert_int_equal(marks_add(name), i < MARKS_MAX);
  }
  for (int i = 0; i < MARKS_MAX; i++) {
    snprintf(name, sizeof name, "n%d", i);
    assert_true(marks_remove(name));
  }
}

static atomic_int added, removed;

static void use(void *arg) {
  (void)arg;
  char name[16];
  for (int i = 0; i < 2000; i++) {
    snprintf(name, sizeof name, "t%d", i % 7);
    if (marks_add(name)) added++;
    if (marks_remove(name)) removed++;
  }
}

static void test_threads(void **state) {
  (void)state;
  uv_thread_t threads[4];
  for (int i = 0; i < 4; i++) assert_int_equal(uv_thread_create(&threads[i], use, NULL), 0);
  for (int i = 0; i < 4; i++) uv_thread_join(&threads[i]);
  assert_int_equal(added, removed);
  assert_int_equal(marks_count(""), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_once), cmocka_unit_test(test_cap),
                                     cmocka_unit_test(test_threads)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
