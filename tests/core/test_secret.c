/* SPDX-License-Identifier: MIT */
/* Secrets: copied whole, counted from any thread, and gone with the last reference (the
 * sanitizers look). */
#include "unit.h"

#include "secret.h"

#include <stdatomic.h>
#include <string.h>
#include <uv.h>

static void test_copies(void **state) {
  (void)state;
  static const struct {
    const char *data;
    size_t len;
  } rows[] = {{"", 0}, {"a", 1}, {"nul\0inside", 10}, {"\xff\xfe", 2}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    char name[] = "stripe.key", data[16];
    memcpy(data, rows[i].data, rows[i].len);
    struct secret *s = secret_new(name, data, rows[i].len);
    memset(name, 'x', sizeof name - 1);
    memset(data, 'x', sizeof data);
    assert_string_equal(secret_name(s), "stripe.key");
    assert_int_equal(secret_len(s), rows[i].len);
    assert_memory_equal(secret_data(s), rows[i].data, rows[i].len);
    assert_int_equal(secret_data(s)[rows[i].len], 0);
    secret_unref(s);
  }
}

static void test_counted(void **state) {
  (void)state;
  struct secret *s = secret_new("a", "value", 5);
  assert_ptr_equal(secret_ref(s), s);
  secret_unref(s);
  assert_string_equal(secret_data(s), "value");
  secret_unref(s);
  secret_unref(NULL);
}

enum { THREADS = 4, ROUNDS = 20000 };

static atomic_int spoiled;

static void use(void *arg) {
  struct secret *s = arg;
  for (int i = 0; i < ROUNDS; i++) {
    secret_ref(s);
    if (memcmp(secret_data(s), "value", 5)) atomic_fetch_add(&spoiled, 1);
    secret_unref(s);
  }
  secret_unref(s);
}

static void test_threads(void **state) {
  (void)state;
  uv_thread_t threads[THREADS];
  struct secret *s = secret_new("a", "value", 5);
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_create(&threads[i], use, secret_ref(s)), 0);
  secret_unref(s);
  for (int i = 0; i < THREADS; i++) uv_thread_join(&threads[i]);
  assert_int_equal(atomic_load(&spoiled), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_copies),
      cmocka_unit_test(test_counted),
      cmocka_unit_test(test_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
