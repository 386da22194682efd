/* SPDX-License-Identifier: MIT */
/* One exchange at a time against a scripted peer: every kind of reply and of failure is a row. */
#include "client_world.h"

/* --- replies --- */

struct reply_case {
  const char *name, *method, *request_body;
  struct peer_line line;
  size_t max;
  unsigned deadline_ms; /* 0: far away */
  enum client_error error;
  int status;
  const char *body; /* NULL: do not look */
};

static const struct reply_case replies[] = {
    /* clang-format off */
    {"length", "GET", 0, {OK "Content-Length: 2\r\n\r\nhi", KEEP, 0}, 0, 0, CLIENT_OK, 200, "hi"},
    {"post", "POST", "a=b", {OK "Content-Length: 2\r\n\r\nhi", KEEP, 0}, 0, 0, CLIENT_OK, 200,
     "hi"},
    {"empty post", "POST", 0, {EMPTY, KEEP, 0}, 0, 0, CLIENT_OK, 200, ""},
    {"delete", "DELETE", 0, {"HTTP/1.1 204 No\r\n\r\n", KEEP, 0}, 0, 0, CLIENT_OK, 204, ""},
    {"until the end", "GET", 0, {OK "\r\nhi", FIN, 0}, 0, 0, CLIENT_OK, 200, "hi"},
    {"http/1.0", "GET", 0, {"HTTP/1.0 200 OK\r\n\r\nhi", FIN, 0}, 0, 0, CLIENT_OK, 200, "hi"},
    {"error status", "GET", 0, {"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nlate", KEEP, 0}, 0,
     0, CLIENT_OK, 503, "late"},
    {"redirect is not followed", "GET", 0,
     {"HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", KEEP, 0}, 0, 0, CLIENT_OK,
     302, ""},
    {"204 without a length", "GET", 0, {"HTTP/1.1 204 No\r\n\r\n", KEEP, 0}, 0, 0, CLIENT_OK, 204,
     ""},
    {"304", "GET", 0, {"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", KEEP, 0}, 0, 0, CLIENT_OK,
     304, ""},
    {"head", "HEAD", 0, {OK "Content-Length: 5000000000\r\n\r\n", KEEP, 0}, 9, 0, CLIENT_OK, 200,
     ""},
    {"100 then 200", "POST", "x", {"HTTP/1.1 100 Continue\r\nX-A: no\r\n\r\n" OK
     "Content-Length: 1\r\n\r\ny", KEEP, 0}, 0, 0, CLIENT_OK, 200, "y"},
    {"103 twice then 200", "GET", 0, {"HTTP/1.1 103 H\r\nX-A: no\r\n\r\nHTTP/1.1 103 H\r\n\r\n" OK
     "Content-Length: 1\r\n\r\ny", KEEP, 0}, 0, 0, CLIENT_OK, 200, "y"},
    {"chunked", "GET", 0, {OK
     "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n3;ext=1\r\nbcd\r\n0\r\n\r\n", KEEP, 0}, 0, 0,
     CLIENT_OK, 200, "abcd"},
    {"chunked with a trailer", "GET", 0, {OK
     "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-A: no\r\n\r\n", KEEP, 0}, 0, 0, CLIENT_OK,
     200, "a"},
    {"large", "GET", 0, {OK "Content-Length: 3000000\r\n\r\n", KEEP, 3000000}, 0, 0, CLIENT_OK, 200,
     0},
    {"exactly the limit", "GET", 0, {OK "Content-Length: 5\r\n\r\n12345", KEEP, 0}, 5, 0, CLIENT_OK,
     200, "12345"},
    {"one above the limit", "GET", 0, {OK "Content-Length: 6\r\n\r\n123456", KEEP, 0}, 5, 0,
     CLIENT_TOO_LARGE, 200, 0},
    {"endless body", "GET", 0, {OK "\r\n", HANG, 3000000}, 100000, 0, CLIENT_TOO_LARGE, 200, 0},
    {"above the default limit", "GET", 0, {OK "\r\n", FIN, 5000000}, 0, 0, CLIENT_TOO_LARGE, 200,
     0},
    {"endless header", "GET", 0, {OK "X-A: ", HANG, 400000}, 0, 0, CLIENT_TOO_LARGE, 0, 0},
    {"endless reason", "GET", 0, {"HTTP/1.1 200 ", HANG, 3000000}, 0, 0, CLIENT_TOO_LARGE, 0, 0},
    {"endless chunk extension", "GET", 0, {OK "Transfer-Encoding: chunked\r\n\r\n1;", HANG, 3000000},
     0, 0, CLIENT_TOO_LARGE, 200, 0},
    {"endless trailer", "GET", 0, {OK "Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", HANG, 3000000},
     0, 0, CLIENT_TOO_LARGE, 200, 0},
    {"cut in the body", "GET", 0, {OK "Content-Length: 9\r\n\r\nhi", FIN, 0}, 0, 0, CLIENT_RESET,
     200, 0},
    {"reset in the body", "GET", 0, {OK "Content-Length: 9\r\n\r\nhi", RST, 0}, 0, 0, CLIENT_RESET,
     200, 0},
    {"cut in a chunk", "GET", 0, {OK "Transfer-Encoding: chunked\r\n\r\n9\r\nhi", FIN, 0}, 0, 0,
     CLIENT_RESET, 200, 0},
    {"cut in the head", "GET", 0, {OK "Content-Le", FIN, 0}, 0, 0, CLIENT_RESET, 0, 0},
    {"no reply", "GET", 0, {NULL, FIN, 0}, 0, 0, CLIENT_RESET, 0, 0},
    {"reset instead of a reply", "POST", "x", {NULL, RST, 0}, 0, 0, CLIENT_RESET, 0, 0},
    {"garbage", "GET", 0, {"SSH-2.0-OpenSSH_9.2\r\n\r\n", FIN, 0}, 0, 0, CLIENT_PROTOCOL, 0, 0},
    {"http/0.9", "GET", 0, {"<html>", FIN, 0}, 0, 0, CLIENT_PROTOCOL, 0, 0},
    {"http/2.0", "GET", 0, {"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", KEEP, 0}, 0, 0,
     CLIENT_PROTOCOL, 0, 0},
    {"http/0.9 with a head", "GET", 0, {"HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nhi", KEEP, 0},
     0, 0, CLIENT_PROTOCOL, 0, 0},
    {"two lengths", "GET", 0, {OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", KEEP, 0}, 0,
     0, CLIENT_PROTOCOL, 0, 0},
    {"length and chunks", "GET", 0, {OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0\r\n\r\n", KEEP, 0}, 0, 0, CLIENT_PROTOCOL, 0, 0},
    {"a coding that nobody asked for", "GET", 0, {OK "Transfer-Encoding: gzip\r\n\r\nhi", FIN, 0},
     0, 0, CLIENT_PROTOCOL, 200, 0},
    {"one in chunks", "GET", 0, {OK "Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
     KEEP, 0}, 0, 0, CLIENT_PROTOCOL, 200, 0},
    {"chunks in it", "GET", 0, {OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"
     "2\r\nhi\r\n0\r\n\r\n", FIN, 0}, 0, 0, CLIENT_PROTOCOL, 200, 0},
    {"chunked, in capitals", "GET", 0, {OK
     "Transfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", KEEP, 0}, 0, 0, CLIENT_OK, 200,
     "hi"},
    {"bad chunk size", "GET", 0, {OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", KEEP, 0}, 0, 0,
     CLIENT_PROTOCOL, 200, 0},
    {"silence", "POST", "x", {NULL, HANG, 0}, 0, 40, CLIENT_TIMEOUT, 0, 0},
    {"half a head, then silence", "GET", 0, {OK "Content-", HANG, 0}, 0, 40, CLIENT_TIMEOUT, 0, 0},
    {"half a body, then silence", "GET", 0, {OK "Content-Length: 9\r\n\r\nhi", HANG, 0}, 0, 40,
     CLIENT_TIMEOUT, 200, 0},
    /* clang-format on */
};

/* The deadline, on the loop's clock. */
static uint64_t ask(struct world *w, const struct reply_case *c, unsigned ms) {
  world_open(w, &c->line, 1, &(struct client_settings){0});
  size_t len = c->request_body ? strlen(c->request_body) : 0;
  uint64_t deadline = in_ms(w, ms);
  exchange(w, &(struct client_request){.method = c->method,
                                       .url = w->peer.url,
                                       .body = c->request_body,
                                       .body_len = len,
                                       .max_response = c->max,
                                       .deadline_ms = deadline});
  return deadline;
}

/* Where a deadline is what is tested, it must not pass before the peer has said its part: on a
   crowded machine that takes longer. */
static uint64_t ask_in_time(struct world *w, const struct reply_case *c) {
  unsigned ms = c->deadline_ms;
  uint64_t deadline = ask(w, c, ms);
  while (ms < 60000 && (!w->peer.requests || client_call_status(w->call) != c->status)) {
    world_close(w);
    deadline = ask(w, c, ms *= 10);
  }
  return deadline;
}

static void check_reply(const struct reply_case *c) {
  struct world w;
  uint64_t deadline = c->deadline_ms ? ask_in_time(&w, c) : ask(&w, c, FAR_MS);
  struct slice body = client_call_body(w.call);
  if (client_call_error(w.call) != c->error || client_call_status(w.call) != c->status)
    fail_msg("%s: %s (%s), status %d", c->name, client_error_name(client_call_error(w.call)),
             client_call_message(w.call), client_call_status(w.call));
  assert_int_equal(client_call_message(w.call)[0] == '\0', c->error == CLIENT_OK);
  if (c->body &&
      (body.len != strlen(c->body) || strncmp(body.data ? body.data : "", c->body, body.len) != 0))
    fail_msg("%s: body of %zu bytes", c->name, body.len);
  size_t at = 0;
  for (struct slice name, value; client_call_next_header(w.call, &at, &name, &value);)
    if (name.len == 3 && memcmp(name.data, "x-a", 3) == 0)
      fail_msg("%s: x-a, which is not the reply's", c->name);
  assert_true(client_call_sent(w.call));
  assert_int_equal(w.peer.requests, 1);
  if (c->deadline_ms) assert_true(in_ms(&w, 0) >= deadline);
  world_close(&w);
}

static void test_replies(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(replies); i++) check_reply(&replies[i]);
}

/* --- calls that end before a request is written --- */

struct start_case {
  const char *name, *url;
  unsigned deadline_ms, connect_timeout_ms;
  enum client_error error;
};

static const struct start_case starts[] = {
    {"refused", "http://127.0.0.1:1/", FAR_MS, 0, CLIENT_CONNECT},
    {"no such name", "http://nowhere.invalid/", FAR_MS, 0, CLIENT_DNS},
    {"no url", "what is this", FAR_MS, 0, CLIENT_PROTOCOL},
    {"another scheme", "ftp://127.0.0.1/", FAR_MS, 0, CLIENT_PROTOCOL},
    {"tls against plain", NULL, FAR_MS, 0, CLIENT_TLS},
    {"deadline already past", "http://127.0.0.1:1/", 0, 0, CLIENT_TIMEOUT},
    {"deadline before the connection", "http://192.0.2.1/", 30, 0, CLIENT_TIMEOUT},
    {"connect timeout", "http://192.0.2.1/", FAR_MS, 30, CLIENT_TIMEOUT},
};

static void test_starts(void **state) {
  (void)state;
  for (const struct start_case *c = starts; c < starts + COUNT(starts); c++) {
    struct world w;
    struct peer_line plain = {"HTTP/1.1 400 Bad\r\n\r\n\r\n", FIN, 0};
    world_open(&w, &plain, 1,
               &(struct client_settings){.connect_timeout_ms = c->connect_timeout_ms});
    char https[80];
    snprintf(https, sizeof https, "https%s", w.peer.url + strlen("http"));
    if (!c->url) w.peer.greeting = "220 this is not TLS at all\r\n";
    exchange(&w, &(struct client_request){.method = "POST",
                                          .url = c->url ? c->url : https,
                                          .deadline_ms = in_ms(&w, c->deadline_ms)});
    enum client_error error = client_call_error(w.call);
    /* A sandbox without a default route says so at once. */
    bool unreachable = error == CLIENT_CONNECT && c->url && strstr(c->url, "192.0.2.1");
    if (error != c->error && !unreachable)
      fail_msg("%s: %s (%s)", c->name, client_error_name(error), client_call_message(w.call));
    assert_false(client_call_sent(w.call));
    assert_int_equal(client_call_status(w.call), 0);
    assert_null(client_call_body(w.call).data);
    world_close(&w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_replies), cmocka_unit_test(test_starts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
