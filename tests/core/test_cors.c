/* SPDX-License-Identifier: MIT */
/* Which settings are taken, and who is let in. */
#include "unit.h"

#include "cors.h"

#include <string.h>
#include <uv.h>

static void test_settings(void **state) {
  (void)state;
  static const struct {
    const char *origin;
    bool credentials;
    int err;
  } rows[] = {
      {"https://a.example", true, 0},
      {"http://localhost:3000", true, 0},
      {"*", false, 0},
      {"*", true, UV_EINVAL},
      {"a.example", false, UV_EINVAL},
      {"https://", false, UV_EINVAL},
      {"https://a/", false, UV_EINVAL},
      {"https://*.a", false, UV_EINVAL},
      {"://a", false, UV_EINVAL},
      {"https://a b", false, UV_EINVAL},
      {"https://u@a", false, UV_EINVAL},
      {"", false, UV_EINVAL},
      {"https://a\r\nX", false, UV_EINVAL},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct cors_settings settings = {&rows[i].origin, 1, .credentials = rows[i].credentials};
    struct cors *c = NULL;
    if (cors_new(&settings, &c) != rows[i].err) fail_msg("%s", rows[i].origin);
    cors_free(c);
  }
}

static void test_exact(void **state) {
  (void)state;
  static const char *const origins[] = {"https://a.example", "https://b.example:8443"};
  static const char *const foreign[] = {"https://a.exampl",
                                        "https://a.example.evil",
                                        "http://a.example",
                                        "null",
                                        "https://b.example",
                                        "https://A.example",
                                        ""};
  struct cors *c;
  assert_int_equal(cors_new(&(struct cors_settings){origins, 2, .credentials = true}, &c), 0);
  for (size_t i = 0; i < 2; i++)
    assert_true(cors_allows(c, (struct slice){origins[i], strlen(origins[i])}));
  for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
    assert_false(cors_allows(c, (struct slice){foreign[i], strlen(foreign[i])}));
  cors_free(c);
}

static void test_lines(void **state) {
  (void)state;
  static const char *const any[] = {"*"};
  struct cors *c;
  struct bytes out = {0};
  struct slice origin = {"https://x.example", 17};
  assert_int_equal(cors_new(&(struct cors_settings){any, 1, .headers = "X", .max_age = 9}, &c), 0);
  assert_int_equal(cors_write(c, origin, &out), 0);
  assert_string_equal(out.data, "Access-Control-Allow-Origin: *\r\n"
                                "Access-Control-Expose-Headers: X-Request-Id, Retry-After\r\n");
  bytes_clear(&out);
  assert_int_equal(cors_write_preflight(c, origin, "GET, PUT", &out), 0);
  assert_string_equal(
      out.data, "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"
                "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Headers: X\r\n"
                "Access-Control-Max-Age: 9\r\nAccess-Control-Allow-Methods: GET, PUT\r\n");
  bytes_free(&out);
  cors_free(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_settings),
      cmocka_unit_test(test_exact),
      cmocka_unit_test(test_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
