/* SPDX-License-Identifier: MIT */
/* Connections that serve one call after another: kept, ended in between, and never trusted with a
   request that must not be sent twice. */
#include "client_world.h"

static void test_connections_are_kept(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){0});
  for (int i = 0; i < 20; i++) {
    struct client_request r = i % 2 ? get(&w) : post(&w);
    exchange(&w, &r);
    assert_int_equal(client_call_error(w.call), CLIENT_OK);
  }
  assert_int_equal(w.peer.requests, 20);
  assert_int_equal(w.peer.accepts, 1);
  client_close(w.client);
  w.client = NULL;
  while (!w.peer.ended) uv_run(&w.loop, UV_RUN_ONCE);
  world_close(&w);
}

/* The second request goes out on a kept connection, and the peer ends that instead of answering. */
struct dead_case {
  const char *method;
  bool repeatable;
  enum peer_then then;
  enum client_error error;
  unsigned requests;
};

static const struct dead_case dead[] = {
    {"GET", false, FIN, CLIENT_OK, 3},      {"GET", false, RST, CLIENT_OK, 3},
    {"PUT", false, FIN, CLIENT_OK, 3},      {"DELETE", false, RST, CLIENT_OK, 3},
    {"POST", true, FIN, CLIENT_OK, 3},      {"POST", true, RST, CLIENT_OK, 3},
    {"POST", false, FIN, CLIENT_RESET, 2},  {"POST", false, RST, CLIENT_RESET, 2},
    {"PATCH", false, FIN, CLIENT_RESET, 2},
};

static void test_no_request_is_silently_sent_twice(void **state) {
  (void)state;
  for (const struct dead_case *c = dead; c < dead + COUNT(dead); c++) {
    struct world w;
    struct peer_line script[] = {{EMPTY, KEEP, 0}, {NULL, c->then, 0}, {EMPTY, KEEP, 0}};
    world_open(&w, script, 3, &(struct client_settings){0});
    struct client_request r = post(&w);
    exchange(&w, &r);
    r.method = c->method;
    r.repeatable = c->repeatable;
    exchange(&w, &r);
    if (client_call_error(w.call) != c->error)
      fail_msg("%s: %s", c->method, client_call_message(w.call));
    assert_true(client_call_sent(w.call));
    assert_int_equal(w.peer.requests, c->requests);
    world_close(&w);
  }
}

/* Nor twice: what the second connection did is what is told. */
static void test_a_retry_that_fails(void **state) {
  (void)state;
  struct world w;
  struct peer_line script[] = {{EMPTY, KEEP, 0}, {NULL, FIN, 0}};
  world_open(&w, script, 2, &(struct client_settings){0});
  struct client_request r = get(&w);
  exchange(&w, &r);
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_RESET);
  assert_string_equal(client_call_message(w.call), "the connection ended before the reply did");
  assert_int_equal(w.peer.requests, 3);
  world_close(&w);
}

/* Two kept connections: the retry would find the other one. */
static void test_nor_on_another_kept_connection(void **state) {
  (void)state;
  struct world w;
  struct peer_line script[] = {
      {EMPTY, KEEP, 0}, {EMPTY, KEEP, 0}, {NULL, FIN, 0}, {EMPTY, KEEP, 0}};
  world_open(&w, script, 4, &(struct client_settings){0});
  struct client_request r = post(&w);
  struct client_call *other = client_send(w.client, &r, on_any_done, &w);
  exchange(&w, &r);
  while (!w.any_done) uv_run(&w.loop, UV_RUN_ONCE);
  client_call_free(other);
  assert_int_equal(w.peer.accepts, 2);
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_RESET);
  assert_true(client_call_sent(w.call));
  assert_int_equal(w.peer.requests, 3);
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
  world_close(&w);
}

static void test_an_idle_connection_that_ended_is_not_used(void **state) {
  (void)state;
  for (enum peer_then how = FIN; how <= RST; how++) {
    struct world w;
    struct peer_line line = {EMPTY, KEEP, 0};
    world_open(&w, &line, 1, &(struct client_settings){0});
    struct client_request r = post(&w);
    exchange(&w, &r);
    peer_hang_up(&w.peer, how);
    while (w.peer.conns) uv_run(&w.loop, UV_RUN_NOWAIT);
    uv_run(&w.loop, UV_RUN_NOWAIT); /* the client hears of it */
    exchange(&w, &r);
    assert_int_equal(client_call_error(w.call), CLIENT_OK);
    assert_int_equal(w.peer.accepts, 2);
    assert_int_equal(w.peer.requests, 2);
    world_close(&w);
  }
}

/* What a peer says unasked is no reply, nor the next one: the connection is not used again. */
static void test_a_word_too_many(void **state) {
  (void)state;
  static const struct peer_line lines[] = {{EMPTY EMPTY, KEEP, 0},
                                           {EMPTY "HTTP/1.1 408 Late", KEEP, 0}};
  for (size_t i = 0; i < COUNT(lines); i++) {
    struct world w;
    world_open(&w, &lines[i], 1, &(struct client_settings){0});
    struct client_request r = post(&w);
    for (unsigned n = 1; n <= 3; n++) {
      exchange(&w, &r);
      assert_int_equal(client_call_error(w.call), CLIENT_OK);
      assert_int_equal(w.peer.accepts, n);
    }
    world_close(&w);
  }
}

/* A 204 has no body. What its head promises nevertheless may come at any time, and is not the next
   reply. */
static void test_no_content_with_a_length(void **state) {
  (void)state;
  static const struct {
    const char *reply;
    unsigned accepts;
  } rows[] = {
      {"HTTP/1.1 204 No\r\n\r\n", 1},
      {"HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", 1},
      {"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", 2},
      {"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", 2},
      {"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", 1},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct world w;
    struct peer_line line = {rows[i].reply, KEEP, 0};
    world_open(&w, &line, 1, &(struct client_settings){0});
    struct client_request r = get(&w);
    for (int n = 0; n < 2; n++) {
      exchange(&w, &r);
      assert_int_equal(client_call_error(w.call), CLIENT_OK);
    }
    if (w.peer.accepts != rows[i].accepts) fail_msg("%s: %u", rows[i].reply, w.peer.accepts);
    world_close(&w);
  }
}

/* Said between two requests, the same; the reply comes with the loop that has not run yet. */
static void test_a_word_in_between(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){0});
  struct client_request r = post(&w);
  exchange(&w, &r);
  peer_say(w.peer.conns, &(struct peer_line){"HTTP/1.1 408 Late\r\n\r\n", KEEP, 0});
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
  assert_int_equal(client_call_status(w.call), 200);
  assert_int_equal(w.peer.accepts, 2);
  world_close(&w);
}

/* The reply is whole before the request is: it counts, and the connection is given up. */
static void test_an_early_reply(void **state) {
  (void)state;
  enum { SIZE = 32 << 20 };
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){0});
  w.peer.greeting = "HTTP/1.1 413 Large\r\nContent-Length: 0\r\n\r\n";
  struct client_request r = post(&w);
  r.body = calloc(1, SIZE);
  r.body_len = SIZE;
  exchange(&w, &r);
  free((char *)r.body);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
  assert_int_equal(client_call_status(w.call), 413);
  assert_int_equal(w.peer.requests, 0);
  while (w.peer.conns) uv_run(&w.loop, UV_RUN_ONCE);
  world_close(&w);
}

/* A kept connection does not keep the loop from ending. */
static void test_idle_connections_do_not_hold_the_loop(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){0});
  struct client_request r = get(&w);
  exchange(&w, &r);
  uv_unref((uv_handle_t *)&w.peer.listener);
  for (struct peer_conn *conn = w.peer.conns; conn; conn = conn->next)
    uv_unref((uv_handle_t *)&conn->tcp);
  assert_int_equal(uv_run(&w.loop, UV_RUN_DEFAULT), 0);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_connections_are_kept),
      cmocka_unit_test(test_no_request_is_silently_sent_twice),
      cmocka_unit_test(test_a_retry_that_fails),
      cmocka_unit_test(test_nor_on_another_kept_connection),
      cmocka_unit_test(test_an_idle_connection_that_ended_is_not_used),
      cmocka_unit_test(test_a_word_too_many),
      cmocka_unit_test(test_no_content_with_a_length),
      cmocka_unit_test(test_a_word_in_between),
      cmocka_unit_test(test_an_early_reply),
      cmocka_unit_test(test_idle_connections_do_not_hold_the_loop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
