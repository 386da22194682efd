/* SPDX-License-Identifier: MIT */
/* Whose address it is, as rows. */
#include "unit.h"

#include "address.h"

#include <string.h>

static void test_parse(void **state) {
  (void)state;
  static const struct {
    const char *text, *address, *key; /* NULL: not one */
  } rows[] = {
      {"192.0.2.1", "192.0.2.1", "192.0.2.1"},
      {"0.9.10.99", "0.9.10.99", "0.9.10.99"},
      {"100.109.200.255", "100.109.200.255", "100.109.200.255"},
      {"192.0.2.1:8080", "192.0.2.1", "192.0.2.1"},
      {"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"},
      {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
      {"[2001:DB8::1]:443", "2001:db8::1", "2001:db8::/64"},
      {"[2001:db8::1]", "2001:db8::1", "2001:db8::/64"},
      {"unknown", NULL, NULL},
      {"_hidden", NULL, NULL},
      {"", NULL, NULL},
      {"1.2.3", NULL, NULL},
      {"1.2.3.4.5", NULL, NULL},
      {"[::1", NULL, NULL},
      {"1.2.3.4, 5.6.7.8", NULL, NULL},
      {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, NULL},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct address a;
    char text[ADDRESS_TEXT];
    bool ok = address_parse(&a, (struct slice){rows[i].text, strlen(rows[i].text)});
    if (ok != (rows[i].address != NULL)) fail_msg("%s", rows[i].text);
    if (!ok) continue;
    size_t len = address_text(&a, text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text, rows[i].address);
    len = address_key_text(&a, text);
    assert_int_equal(len, strlen(text));
    assert_string_equal(text, rows[i].key);
  }
}

static void test_forwarded(void **state) {
  (void)state;
  static const struct {
    enum proxy_header header;
    unsigned hops;
    const char *lines[3], *found; /* NULL: the socket's */
  } rows[] = {
      {PROXY_X_FORWARDED_FOR, 1, {"1.1.1.1"}, "1.1.1.1"},
      {PROXY_X_FORWARDED_FOR, 1, {"6.6.6.6, 1.1.1.1"}, "1.1.1.1"},
      {PROXY_X_FORWARDED_FOR, 2, {"6.6.6.6, 1.1.1.1 ,2.2.2.2"}, "1.1.1.1"},
      {PROXY_X_FORWARDED_FOR, 2, {"6.6.6.6, 1.1.1.1", "2.2.2.2"}, "1.1.1.1"},
      {PROXY_X_FORWARDED_FOR, 2, {"6.6.6.6", "", "1.1.1.1,,2.2.2.2,"}, "1.1.1.1"},
      {PROXY_X_FORWARDED_FOR, 3, {"1.1.1.1, 2.2.2.2"}, "1.1.1.1"},
      {PROXY_X_FORWARDED_FOR, 1, {"6.6.6.6, unknown"}, NULL},
      {PROXY_X_FORWARDED_FOR, 1, {"6.6.6.6, [2001:db8::1]:99"}, "2001:db8::1"},
      {PROXY_X_FORWARDED_FOR, 0, {"6.6.6.6"}, NULL},
      {PROXY_X_FORWARDED_FOR, 1, {""}, NULL},
      {PROXY_X_FORWARDED_FOR, 1, {NULL}, NULL},
      {PROXY_FORWARDED, 1, {"for=1.1.1.1"}, "1.1.1.1"},
      {PROXY_FORWARDED, 1, {"by=9.9.9.9;For=1.1.1.1;host=a.example;proto=https"}, "1.1.1.1"},
      {PROXY_FORWARDED,
       1,
       {"for=6.6.6.6, for=\"[2001:db8::1]:4711\" ; proto=https"},
       "2001:db8::1"},
      {PROXY_FORWARDED, 1, {"for=6.6.6.6, for=\"1.1.1.1:80\""}, "1.1.1.1"},
      {PROXY_FORWARDED, 1, {"for=\"a, for=6.6.6.6\", for=1.1.1.1"}, "1.1.1.1"},
      {PROXY_FORWARDED, 1, {"for=\"6.6.6.6, for=1.1.1.1"}, "1.1.1.1"},
      {PROXY_FORWARDED, 1, {"for=\"6.6.6.6, for=\"[2001:db8::1]\""}, "2001:db8::1"},
      {PROXY_FORWARDED, 1, {"for=_hidden"}, NULL},
      {PROXY_FORWARDED, 1, {"proto=https"}, NULL},
      {PROXY_FORWARDED, 2, {"for=6.6.6.6", "for=1.1.1.1, for=2.2.2.2"}, "1.1.1.1"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct proxy_settings proxy = {rows[i].hops, rows[i].header};
    struct slice lines[3];
    struct address found;
    char text[ADDRESS_TEXT];
    size_t count = 0;
    for (; count < 3 && rows[i].lines[count]; count++)
      lines[count] = (struct slice){rows[i].lines[count], strlen(rows[i].lines[count])};
    bool ok = address_forwarded(&found, &proxy, lines, count);
    if (ok != (rows[i].found != NULL)) fail_msg("row %zu: %s", i, rows[i].lines[0]);
    if (!ok) continue;
    address_text(&found, text);
    assert_string_equal(text, rows[i].found);
  }
}

static void test_by_https(void **state) {
  (void)state;
  static const struct {
    enum proxy_header header;
    unsigned hops;
    const char *line;
    bool https;
  } rows[] = {
      {PROXY_X_FORWARDED_FOR, 1, "https", true},
      {PROXY_X_FORWARDED_FOR, 1, "http, HTTPS ", true},
      {PROXY_X_FORWARDED_FOR, 1, "https, http", false},
      {PROXY_X_FORWARDED_FOR, 1, "https,", true},
      {PROXY_X_FORWARDED_FOR, 1, "httpsx", false},
      {PROXY_X_FORWARDED_FOR, 1, "", false},
      {PROXY_X_FORWARDED_FOR, 0, "https", false},
      {PROXY_FORWARDED, 1, "for=1.1.1.1;proto=https", true},
      {PROXY_FORWARDED, 1, "for=1.1.1.1;Proto=\"HTTPS\"", true},
      {PROXY_FORWARDED, 1, "proto=https, for=1.1.1.1", false},
      {PROXY_FORWARDED, 1, "https", false},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct proxy_settings proxy = {rows[i].hops, rows[i].header};
    struct slice line = {rows[i].line, strlen(rows[i].line)};
    if (address_by_https(&proxy, line) != rows[i].https) fail_msg("row %zu: %s", i, rows[i].line);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_forwarded),
                                     cmocka_unit_test(test_by_https)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
