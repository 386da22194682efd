/* SPDX-License-Identifier: MIT */
/* The buffer of core: what it holds, and that nothing changes when memory is out. */
#include "unit.h"

#include "bytes.h"

#include <string.h>
#include <uv.h>

static void test_empty(void **state) {
  (void)state;
  struct bytes b = {0};
  assert_int_equal(bytes_append(&b, NULL, 0), 0);
  assert_int_equal(b.len, 0);
  assert_string_equal(b.data, "");
  bytes_clear(&b);
  bytes_free(&b);
  assert_null(b.data);
  bytes_clear(&b); /* of nothing */
  bytes_free(&b);  /* twice */
  bytes_wipe(&b);
  assert_int_equal(bytes_append(&b, "secret", 6), 0);
  bytes_wipe(&b);
  assert_null(b.data);
  assert_int_equal(b.len + b.cap, 0);
}

static void test_append_any_byte(void **state) {
  (void)state;
  struct bytes b = {0};
  unsigned char all[256];
  for (size_t i = 0; i < sizeof all; i++) all[i] = (unsigned char)i;
  for (int round = 0; round < 100; round++) {
    assert_int_equal(bytes_append(&b, all, sizeof all), 0);
    assert_true(b.len < b.cap);
    assert_int_equal(b.data[b.len], 0);
  }
  assert_int_equal(b.len, 100 * sizeof all);
  for (size_t i = 0; i < b.len; i++) assert_int_equal((unsigned char)b.data[i], i % 256);
  bytes_free(&b);
}

static void test_printf(void **state) {
  (void)state;
  static const int widths[] = {0, 1, 62, 63, 64, 65, 127, 128, 5000};
  for (size_t i = 0; i < COUNT(widths); i++) {
    struct bytes b = {0};
    assert_int_equal(bytes_append(&b, "<", 1), 0);
    assert_int_equal(bytes_printf(&b, "%*s", widths[i], ""), 0);
    assert_int_equal(bytes_printf(&b, ">%d", 7), 0);
    assert_int_equal(b.len, (size_t)widths[i] + 3);
    assert_string_equal(b.data + b.len - 2, ">7");
    bytes_free(&b);
  }
}

static void test_clear_keeps_memory(void **state) {
  (void)state;
  struct bytes b = {0};
  assert_int_equal(bytes_reserve(&b, 1000), 0);
  const char *data = b.data;
  size_t cap = b.cap;
  assert_true(cap > 1000);
  bytes_clear(&b);
  assert_string_equal(b.data, "");
  assert_int_equal(bytes_printf(&b, "%0999d", 1), 0);
  assert_ptr_equal(b.data, data);
  assert_int_equal(b.cap, cap);
  bytes_free(&b);
}

static void test_too_much(void **state) {
  (void)state;
  static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, SIZE_MAX / 2 - 3};
  for (size_t i = 0; i < COUNT(sizes); i++) {
    struct bytes b = {0};
    assert_int_equal(bytes_append(&b, "abc", 3), 0);
    struct bytes before = b;
    assert_int_equal(bytes_reserve(&b, sizes[i]), UV_ENOMEM);
    assert_memory_equal(&b, &before, sizeof b);
    assert_string_equal(b.data, "abc");
    bytes_free(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_empty),    cmocka_unit_test(test_append_any_byte),
      cmocka_unit_test(test_printf),   cmocka_unit_test(test_clear_keeps_memory),
      cmocka_unit_test(test_too_much),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
