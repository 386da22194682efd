/* SPDX-License-Identifier: MIT */
/* The parser alone: every wire case reads the same however it is cut,
 * and what a request says of itself. */
#include "unit.h"

#include "../wire/transcript.h"

#include <stdio.h>
#include <string.h>

static const struct http1_limits limits = {
    .request_line = 8192, .headers = 16384, .fields = 100, .body = 65536};

static int hex(char c) {
  return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* One byte of a case's text, escapes resolved. */
static char take(const char **at) {
  const char *s = *at;
  if (*s != '\\') return (*at)++, *s;
  *at = s + 2;
  switch (s[1]) {
  case 'r': return '\r';
  case 'n': return '\n';
  case 't': return '\t';
  default: *at = s + 4; return (char)(hex(s[2]) * 16 + hex(s[3]));
  }
}

/* {text*N}: only where a star and digits close the brace. */
static const char *repeat_end(const char *at, unsigned *times) {
  const char *end = strchr(at, '}');
  const char *star = end ? memchr(at, '*', (size_t)(end - at)) : NULL;
  return star && sscanf(star, "*%u}", times) == 1 ? star : NULL;
}

static void unescape(const char *text, struct bytes *out) {
  while (*text && *text != '\n') {
    unsigned times;
    const char *star = *text == '{' ? repeat_end(text, &times) : NULL;
    struct bytes piece = {0};
    if (!star) {
      char c = take(&text);
      bytes_append(out, &c, 1);
      continue;
    }
    for (text++; text < star;) {
      char c = take(&text);
      bytes_append(&piece, &c, 1);
    }
    for (unsigned i = 0; i < times; i++) bytes_append(out, piece.data, piece.len);
    bytes_free(&piece);
    text = strchr(star, '}') + 1;
  }
}

static void same_however_cut(const char *name, const struct bytes *data) {
  struct bytes whole = {0};
  transcript(&limits, data->data, data->len, data->len, data->len, &whole);
  size_t stride = data->len > 600 ? 397 : 1;
  for (size_t first = 1; first < data->len; first += stride) {
    struct bytes cut = {0};
    transcript(&limits, data->data, data->len, first, first == 1 ? 1 : data->len, &cut);
    if (strcmp(whole.data, cut.data))
      fail_msg("%s, cut at %zu:\n%s---\n%s", name, first, whole.data, cut.data);
    bytes_free(&cut);
  }
  bytes_free(&whole);
}

static void test_wire_cases(void **state) {
  (void)state;
  FILE *file = fopen(TEST_DATA "/../wire/cases.txt", "r");
  static char line[8192];
  int cases = 0;
  assert_non_null(file);
  while (fgets(line, sizeof line, file)) {
    if (*line == '#' || *line == '\n') continue;
    char *bytes = line;
    for (int column = 0; column < 4; column++) bytes = strchr(bytes, '|') + 1;
    struct bytes data = {0};
    unescape(bytes + 1, &data);
    same_however_cut(line, &data);
    bytes_free(&data);
    cases++;
  }
  fclose(file);
  assert_true(cases > 200);
}

static struct http1 *parse(const char *text, enum http1_state expected) {
  struct http1 *p = http1_new(&limits);
  size_t used, len = strlen(text);
  enum http1_state state = http1_feed(p, text, len, &used);
  if (state == HTTP1_BODY) state = http1_feed(p, text + used, len - used, &used);
  assert_int_equal(state, expected);
  return p;
}

static void assert_slice(struct slice s, const char *text) {
  assert_int_equal(s.len, strlen(text));
  assert_memory_equal(s.data, text, s.len);
}

static void test_request(void **state) {
  (void)state;
  struct http1 *p = parse(
      "POST http://a:80/x/y?z=1 HTTP/1.1\r\nHost: a\r\nX:  1 \t\r\nContent-Length: 2\r\n\r\nhi",
      HTTP1_REQUEST);
  const struct http1_request *r = http1_request(p);
  struct slice value;
  assert_slice(r->method, "POST");
  assert_slice(r->target, "http://a:80/x/y?z=1");
  assert_slice(r->path, "/x/y");
  assert_slice(r->query, "z=1");
  assert_slice(r->body, "hi");
  assert_int_equal(r->header_count, 3);
  assert_true(http1_header(r, "x", &value));
  assert_slice(value, "1");
  assert_false(http1_header(r, "y", &value));
  assert_true(r->keep_alive);
  http1_next(p);
  assert_false(http1_started(p));
  assert_false(http1_has_head(p));
  http1_free(p);
}

static void test_keep_alive(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool keep;
  } rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x , Close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct http1 *p = parse(rows[i].text, HTTP1_REQUEST);
    assert_int_equal(http1_request(p)->keep_alive, rows[i].keep);
    http1_free(p);
  }
}

static void test_stops_for_continue(void **state) {
  (void)state;
  static const char text[] =
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi";
  struct http1 *p = http1_new(&limits);
  size_t used;
  assert_int_equal(http1_feed(p, text, sizeof text - 1, &used), HTTP1_BODY);
  assert_int_equal(used, sizeof text - 3);
  assert_true(http1_request(p)->expects_continue);
  assert_int_equal(http1_feed(p, text + used, 2, &used), HTTP1_REQUEST);
  http1_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_wire_cases),
      cmocka_unit_test(test_request),
      cmocka_unit_test(test_keep_alive),
      cmocka_unit_test(test_stops_for_continue),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
