/* SPDX-License-Identifier: MIT */
/* Targets and hosts, as rows. */
#include "unit.h"

#include "target.h"

#include <string.h>

#define S(text) ((struct slice){text, sizeof(text) - 1})

static void test_targets(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool valid;
    const char *authority, *path, *query;
  } rows[] = {
      {"/", true, "", "/", ""},
      {"*", true, "", "*", ""},
      {"/a/b?c=d?e/", true, "", "/a/b", "c=d?e/"},
      {"/a:b@c,d;e=f", true, "", "/a:b@c,d;e=f", ""},
      {"/%41%c3%A9", true, "", "/%41%c3%A9", ""},
      {"http://h", true, "h", "/", ""},
      {"HTTPS://h:8443?x", true, "h:8443", "/", "x"},
      {"http://[2001:db8::1]:80/p", true, "[2001:db8::1]:80", "/p", ""},
      {"", false, "", "", ""},
      {"a", false, "", "", ""},
      {"**", false, "", "", ""},
      {"/a b", false, "", "", ""},
      {"/a\tb", false, "", "", ""},
      {"/%", false, "", "", ""},
      {"/%4", false, "", "", ""},
      {"/%4g", false, "", "", ""},
      {"/%00", false, "", "", ""},
      {"/?%0a", false, "", "", ""},
      {"/?%0D", false, "", "", ""},
      {"/\\", false, "", "", ""},
      {"/#", false, "", "", ""},
      {"/\x80", false, "", "", ""},
      {"http://", false, "", "", ""},
      {"http://u@h/", false, "", "", ""},
      {"ftp://h/", false, "", "", ""},
      {"//h/", true, "", "//h/", ""},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct target t;
    struct slice text = {rows[i].text, strlen(rows[i].text)};
    if (target_parse(text, &t) != rows[i].valid) fail_msg("%s", rows[i].text);
    if (!rows[i].valid) continue;
    assert_int_equal(t.authority.len, strlen(rows[i].authority));
    assert_int_equal(t.path.len, strlen(rows[i].path));
    assert_memory_equal(t.path.data, rows[i].path, t.path.len);
    assert_int_equal(t.query.len, strlen(rows[i].query));
    if (t.query.len) assert_memory_equal(t.query.data, rows[i].query, t.query.len);
  }
}

static void test_authorities(void **state) {
  (void)state;
  static const char *const good[] = {"a",  "a.b-c.", "127.0.0.1",          "a:0", "a:65535",
                                     "a:", "[::1]",  "[::ffff:1.2.3.4]:1", "a_b"};
  static const char *const bad[] = {"",       ":80",       "a:65536", "a:1x",   "a:-1",
                                    "a b",    "a,b",       "u@a",     "a/b",    "a?b",
                                    "[::",    "[::1]x",    "[]",      "[v1.a]", "::1",
                                    "a:b:80", "[1.2.3.4]", "a\\b",    "a#",     "\xc3\xa9"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    if (!target_authority_valid((struct slice){good[i], strlen(good[i])}))
      fail_msg("good: %s", good[i]);
  for (size_t i = 0; i < COUNT(bad); i++)
    if (target_authority_valid((struct slice){bad[i], strlen(bad[i])})) fail_msg("bad: %s", bad[i]);
}

static void test_equal(void **state) {
  (void)state;
  assert_true(target_authority_equal(S("A.example"), S("a.EXAMPLE"), S("http")));
  assert_true(target_authority_equal(S("a:80"), S("a"), S("http")));
  assert_true(target_authority_equal(S("a:443"), S("a:"), S("HTTPS")));
  assert_false(target_authority_equal(S("a:443"), S("a"), S("http")));
  assert_false(target_authority_equal(S("a"), S("ab"), S("http")));
  assert_true(target_authority_equal(S("[::1]:80"), S("[::1]"), S("http")));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_targets),
      cmocka_unit_test(test_authorities),
      cmocka_unit_test(test_equal),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
