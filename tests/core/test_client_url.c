/* SPDX-License-Identifier: MIT */
/* URLs, as rows. */
#include "unit.h"

#include "client_url.h"

#include <stdio.h>
#include <string.h>

static void test_urls(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool valid, tls, is_ip;
    const char *host;
    int port;
    const char *authority, *target;
  } rows[] = {
      {"http://127.0.0.1:8080/a?b=c#d", true, false, true, "127.0.0.1", 8080, "127.0.0.1:8080",
       "/a?b=c"},
      {"https://Example.COM", true, true, false, "example.com", 443, "Example.COM", ""},
      {"https://example.com:443/x", true, true, false, "example.com", 443, "example.com", "/x"},
      {"http://example.com:443/x", true, false, false, "example.com", 443, "example.com:443", "/x"},
      {"HTTPS://h?q", true, true, false, "h", 443, "h", "?q"},
      {"http://[::1]:81/", true, false, true, "::1", 81, "[::1]:81", "/"},
      {"http://a_b-c.d./../e", true, false, false, "a_b-c.d.", 80, "a_b-c.d.", "/../e"},
      {.text = "ftp://h/"},
      {.text = "//h/"},
      {.text = "http:/h/"},
      {.text = "http://"},
      {.text = "http:///x"},
      {.text = "https://.example.com/"}, /* OpenSSL takes that for any host below it */
      {.text = "http://./"},
      {.text = "http://user@h/"},
      {.text = "http://user:word@h/"},
      {.text = "http://h:/"},
      {.text = "http://h:0/"},
      {.text = "http://h:65536/"},
      {.text = "http://h:1x/"},
      {.text = "http://h\\@other/"},
      {.text = "http://h%2f/"},
      {.text = "http://[::1/"},
      {.text = "http://[::1%25eth0]/"},
      {.text = "http://[127.0.0.1]/"},
      {.text = "http://[::1]x/"},
      {.text = "http://\xc3\xa9/"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct client_url url;
    if (!client_url_parse(rows[i].text, &url) != rows[i].valid) fail_msg("%s", rows[i].text);
    if (!rows[i].valid) continue;
    assert_int_equal(url.tls, rows[i].tls);
    assert_int_equal(url.is_ip, rows[i].is_ip);
    assert_int_equal(url.port, rows[i].port);
    assert_string_equal(url.host, rows[i].host);
    assert_string_equal(url.authority, rows[i].authority);
    assert_int_equal(url.target.len, strlen(rows[i].target));
    assert_memory_equal(url.target.data, rows[i].target, url.target.len);
  }
}

static void test_a_host_has_253_bytes(void **state) {
  (void)state;
  struct client_url url;
  for (int len = 253; len <= 254; len++) {
    char long_text[300];
    snprintf(long_text, sizeof long_text, "http://%0*d/", len, 0);
    assert_int_equal(client_url_parse(long_text, &url) == 0, len == 253);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_urls),
                                     cmocka_unit_test(test_a_host_has_253_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
