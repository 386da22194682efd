/* SPDX-License-Identifier: MIT */
/* core/file: files of every size around the bounds, and what is no file. */
#include "unit.h"

#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static char path[] = "/tmp/usher-file-XXXXXX";

static void write_file(size_t len) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  for (size_t i = 0; i < len; i++) fputc('a' + (int)(i % 23), f);
  fclose(f);
}

static int make_file(void **state) {
  (void)state;
  int fd = mkstemp(path);
  if (fd >= 0) close(fd);
  return fd < 0;
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
}

static void every_size(void **state) {
  (void)state;
  static const size_t sizes[] = {0, 1, 62, 63, 64, 65, 4095, 4096, 4097, 100000};
  for (size_t i = 0; i < COUNT(sizes); i++) {
    struct bytes out = {0};
    write_file(sizes[i]);
    assert_int_equal(file_read(path, sizes[i], &out), 0);
    assert_int_equal(out.len, sizes[i]);
    assert_int_equal(strlen(out.data), sizes[i]);
    for (size_t at = 0; at < out.len; at++) assert_int_equal(out.data[at], 'a' + (int)(at % 23));
    bytes_free(&out);
    if (sizes[i]) assert_int_equal(file_read(path, sizes[i] - 1, &out), UV_EFBIG);
    assert_null(out.data);
  }
}

static void it_appends(void **state) {
  (void)state;
  struct bytes out = {0};
  write_file(3);
  bytes_append(&out, "before ", 7);
  assert_int_equal(file_read(path, 3, &out), 0);
  assert_string_equal(out.data, "before abc");
  bytes_free(&out);
}

static void what_does_not_know_its_size(void **state) {
  (void)state;
  struct bytes out = {0};
  assert_int_equal(file_read("/proc/self/status", 1 << 20, &out), 0);
  assert_non_null(strstr(out.data, "Pid:"));
  bytes_free(&out);
  assert_int_equal(file_read("/dev/zero", 100000, &out), UV_EFBIG);
}

static void no_files(void **state) {
  (void)state;
  struct bytes out = {0};
  assert_int_equal(file_read("/nowhere/at/all", 10, &out), UV_ENOENT);
  assert_int_equal(file_read("/tmp", 10, &out), UV_EISDIR);
  assert_null(out.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_size),
      cmocka_unit_test(it_appends),
      cmocka_unit_test(what_does_not_know_its_size),
      cmocka_unit_test(no_files),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
