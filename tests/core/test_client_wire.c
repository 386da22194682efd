/* SPDX-License-Identifier: MIT */
/* What a request looks like on the wire, byte for byte, and how a reply's headers come back. */
#include "client_world.h"

struct wire_case {
  const char *method, *path, *headers[4], *body, *bytes; /* HOST stands for the peer */
};

static const struct wire_case wires[] = {
    {"GET", "", {0}, 0, "GET / HTTP/1.1\r\nHost: HOST\r\n\r\n"},
    {"HEAD", "a", {0}, 0, "HEAD /a HTTP/1.1\r\nHost: HOST\r\n\r\n"},
    {"DELETE", "a/../b//c?d=%2F", {0}, 0, "DELETE /a/../b//c?d=%2F HTTP/1.1\r\nHost: HOST\r\n\r\n"},
    {"POST", "", {0}, "x=1", "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 3\r\n\r\nx=1"},
    {"POST", "", {0}, 0, "POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n"},
    {"PUT", "", {0}, "x", "PUT / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\n\r\nx"},
    {"POST",
     "",
     {"Host: other", "Content-Type: a/b", "X-Empty:", "Authorization: Bearer x"},
     "{}",
     "POST / HTTP/1.1\r\nHost: other\r\nContent-Type: a/b\r\nX-Empty:\r\nAuthorization: Bearer "
     "x\r\n"
     "Content-Length: 2\r\n\r\n{}"},
    {"GET",
     "",
     {"accept: */*", "User-Agent: usher", "X: a; b"},
     0,
     "GET / HTTP/1.1\r\nHost: HOST\r\naccept: */*\r\nUser-Agent: usher\r\nX: a; b\r\n\r\n"},
};

/* Header lines in any order. */
static bool same_request(const char *got, size_t len, const char *wanted) {
  if (len != strlen(wanted)) return false;
  const char *end = strstr(wanted, "\r\n\r\n"), *line = wanted;
  const char *got_end = strstr(got, "\r\n\r\n");
  if (!got_end || strcmp(got_end, end) != 0) return false;
  while (line < end) {
    const char *next = strstr(line, "\r\n") + 2;
    char text[200];
    snprintf(text, sizeof text, "%.*s", (int)(next - line), line);
    if (!strstr(got, text)) return false;
    line = next;
  }
  return true;
}

static void check_wire(struct world *w, const struct wire_case *c) {
  char url[200], wanted[500];
  size_t headers = 0;
  while (headers < 4 && c->headers[headers]) headers++;
  snprintf(url, sizeof url, "%s%s", w->peer.url, c->path);
  exchange(w, &(struct client_request){.method = c->method,
                                       .url = url,
                                       .headers = c->headers,
                                       .header_count = headers,
                                       .body = c->body,
                                       .body_len = c->body ? strlen(c->body) : 0,
                                       .deadline_ms = UINT64_MAX});
  assert_int_equal(client_call_error(w->call), CLIENT_OK);
  const char *host = strstr(c->bytes, "HOST");
  int host_len = (int)strlen(w->peer.url + 7) - 1;
  if (host)
    snprintf(wanted, sizeof wanted, "%.*s%.*s%s", (int)(host - c->bytes), c->bytes, host_len,
             w->peer.url + 7, host + 4);
  else
    snprintf(wanted, sizeof wanted, "%s", c->bytes);
  if (!same_request(w->peer.last, w->peer.last_len, wanted))
    fail_msg("%s %s sent:\n%s", c->method, c->path, w->peer.last);
}

/* One connection serves all rows, in both directions. */
static void test_bytes_on_the_wire(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  world_open(&w, &line, 1, &(struct client_settings){0});
  for (size_t i = 0; i < COUNT(wires); i++) check_wire(&w, &wires[i]);
  for (size_t i = COUNT(wires); i-- > 0;) check_wire(&w, &wires[i]);
  assert_int_equal(w.peer.accepts, 1);
  world_close(&w);
  unsetenv("http_proxy");
}

static void test_a_large_upload(void **state) {
  (void)state;
  enum { SIZE = 8 * 1024 * 1024 };
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){0});
  char *body = calloc(1, SIZE);
  struct client_request r = {.method = "POST", .url = w.peer.url, .body = body, .body_len = SIZE};
  r.deadline_ms = UINT64_MAX;
  exchange(&w, &r);
  free(body);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
  assert_true(w.peer.last_size > SIZE);
  assert_null(strstr(w.peer.last, "Expect"));
  world_close(&w);
}

static void test_reply_headers(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {OK "X-Amzn-RequestId:  abc \r\nset-cookie: a=1\r\nEmpty:\r\nSet-Cookie: "
                              "b=2\r\nLong: one\r\n  two\r\nContent-Length: 0\r\n\r\n",
                           KEEP, 0};
  static const char *const wanted[] = {
      "x-amzn-requestid=abc", "set-cookie=a=1", "empty=",
      "set-cookie=b=2",       "long=one  two",  "content-length=0"};
  world_open(&w, &line, 1, &(struct client_settings){0});
  exchange(&w, &(struct client_request){.method = "GET", .url = w.peer.url, .deadline_ms = -1});
  struct slice name, value;
  size_t at = 0, n = 0;
  for (; client_call_next_header(w.call, &at, &name, &value); n++) {
    char text[100];
    snprintf(text, sizeof text, "%.*s=%.*s", (int)name.len, name.data, (int)value.len, value.data);
    assert_true(n < COUNT(wanted));
    assert_string_equal(text, wanted[n]);
  }
  assert_int_equal(n, COUNT(wanted));
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bytes_on_the_wire),
      cmocka_unit_test(test_a_large_upload),
      cmocka_unit_test(test_reply_headers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
