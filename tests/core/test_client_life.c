/* SPDX-License-Identifier: MIT */
/* Connections and calls over time: keeping alive, dying in between, waiting, canceling, closing, a
   thousand at once. */
#include "client_world.h"

static struct client_request get(const struct world *w) {
  return (struct client_request){.method = "GET", .url = w->peer.url, .deadline_ms = UINT64_MAX};
}

static struct client_request post(const struct world *w) {
  return (struct client_request){.method = "POST", .url = w->peer.url, .deadline_ms = UINT64_MAX};
}

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

/* The only connection that the host may have is kept by then, and of no use to the retry. */
static void test_a_retry_waits_for_its_turn(void **state) {
  (void)state;
  struct world w;
  struct peer_line script[] = {{EMPTY, KEEP, 0}, {NULL, FIN, 0}, {EMPTY, KEEP, 0}};
  world_open(&w, script, 3, &(struct client_settings){.max_host_connections = 1});
  struct client_request r = get(&w);
  exchange(&w, &r);
  struct client_call *again = client_send(w.client, &r, on_any_done, &w);
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
  while (!w.any_done) uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(client_call_error(again), CLIENT_OK);
  assert_int_equal(w.peer.requests, 4);
  assert_int_equal(w.peer.accepts, 3);
  client_call_free(again);
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

/* localhost is two addresses on most machines, and the peer has one of them. */
static void test_each_address_of_a_name(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){0});
  char url[64];
  snprintf(url, sizeof url, "http://localhost%s", strrchr(w.peer.url, ':'));
  struct client_request r = post(&w);
  r.url = url;
  for (int i = 0; i < 2; i++) {
    exchange(&w, &r);
    if (client_call_error(w.call)) fail_msg("%s", client_call_message(w.call));
  }
  assert_int_equal(w.peer.accepts, 1);
  world_close(&w);
}

/* Hundreds of hosts: what nobody uses is forgotten. */
static void test_many_hosts(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {OK "Connection: close\r\nContent-Length: 0\r\n\r\n", FIN, 0};
  world_open(&w, &line, 1, &(struct client_settings){0});
  struct client_request r = post(&w);
  for (int i = 1; i <= 200; i++) {
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.%d%s", i + 1, strrchr(w.peer.url, ':'));
    r.url = url;
    exchange(&w, &r);
    assert_int_equal(client_call_error(w.call), CLIENT_CONNECT);
  }
  r.url = w.peer.url;
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
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

/* --- waiting for a connection --- */

static void test_a_waiting_call_has_its_deadline(void **state) {
  (void)state;
  struct world w;
  struct peer_line script[] = {{NULL, HANG, 0}, {EMPTY, KEEP, 0}};
  world_open(&w, script, 2, &(struct client_settings){.max_host_connections = 1});
  struct client_request r = post(&w);
  struct client_call *first = client_send(w.client, &r, on_any_done, &w);
  while (!w.peer.requests) uv_run(&w.loop, UV_RUN_ONCE);
  r.deadline_ms = in_ms(&w, 40);
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_TIMEOUT);
  assert_false(client_call_sent(w.call));
  assert_int_equal(w.any_done, 0);
  client_call_free(first);
  r.deadline_ms = UINT64_MAX;
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
  assert_int_equal(w.peer.requests, 2);
  world_close(&w);
}

/* All places taken by another host's kept connection: it has to go. */
static void test_an_idle_connection_makes_room(void **state) {
  (void)state;
  struct world w;
  struct peer other;
  struct peer_line line = {EMPTY, KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){.max_connections = 1});
  peer_open(&w.loop, &other, &line, 1);
  struct client_request here = get(&w), there = get(&w);
  there.url = other.url;
  for (int i = 0; i < 3; i++) {
    exchange(&w, &here);
    assert_int_equal(client_call_error(w.call), CLIENT_OK);
    exchange(&w, &there);
    assert_int_equal(client_call_error(w.call), CLIENT_OK);
  }
  assert_int_equal(w.peer.accepts, 3);
  assert_int_equal(other.accepts, 3);
  peer_close(&other);
  world_close(&w);
}

/* --- a thousand at once --- */

static void check_crowd(unsigned max_connections) {
  enum { CALLS = 1000 };
  struct world w;
  struct peer_line line = {OK "Content-Length: 2\r\n\r\nhi", KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){.max_host_connections = max_connections});
  static struct client_call *calls[CALLS];
  struct client_request r = post(&w);
  for (unsigned i = 0; i < CALLS; i++) calls[i] = client_send(w.client, &r, on_any_done, &w);
  assert_int_equal(w.any_done, 0);
  while (w.any_done < CALLS) uv_run(&w.loop, UV_RUN_ONCE);
  for (unsigned i = 0; i < CALLS; i++) {
    assert_int_equal(client_call_error(calls[i]), CLIENT_OK);
    assert_int_equal(client_call_body(calls[i]).len, 2);
    client_call_free(calls[i]);
  }
  assert_int_equal(w.peer.requests, CALLS);
  assert_true(w.peer.accepts - w.peer.ended <= max_connections);
  world_close(&w);
  assert_int_equal(w.any_done, CALLS);
}

static void test_a_thousand_calls(void **state) {
  (void)state;
  static const unsigned limits[] = {1, 7, 200, 512};
  for (size_t i = 0; i < COUNT(limits); i++) check_crowd(limits[i]);
}

/* --- ending early --- */

static const struct peer_line slow[] = {{OK "Content-Length: 300000\r\n\r\n", KEEP, 300000}};

/* Frees the call after each number of turns of the loop that it can live; the client must serve
   on. */
static void test_cancel_at_every_moment(void **state) {
  (void)state;
  bool ended = false;
  for (int turns = 0; !ended; turns++) {
    struct world w;
    world_open(&w, slow, 1, &(struct client_settings){0});
    struct client_request r = post(&w);
    struct client_call *call = client_send(w.client, &r, on_any_done, &w);
    for (int i = 0; i < turns && !w.any_done; i++) uv_run(&w.loop, UV_RUN_ONCE);
    ended = w.any_done == 1;
    client_call_free(call);
    exchange(&w, &r);
    assert_int_equal(client_call_error(w.call), CLIENT_OK);
    assert_int_equal(w.any_done, ended);
    world_close(&w);
  }
}

static void test_close_at_every_moment(void **state) {
  (void)state;
  bool ended = false;
  for (int turns = 0; !ended; turns++) {
    struct world w;
    world_open(&w, slow, 1, &(struct client_settings){0});
    struct client_request r = post(&w), late = post(&w);
    late.deadline_ms = 0;
    struct client_call *call = client_send(w.client, &r, on_any_done, &w);
    w.call = client_send(w.client, &late, on_done, &w);
    for (int i = 0; i < turns && !w.any_done; i++) uv_run(&w.loop, UV_RUN_ONCE);
    ended = w.any_done == 1;
    client_close(w.client);
    assert_int_equal(w.any_done, 1);
    assert_int_equal(w.done, 1);
    assert_int_equal(client_call_error(call), ended ? CLIENT_OK : CLIENT_CANCELED);
    client_call_free(call);
    w.client = NULL;
    world_close(&w); /* a call outlives its client */
    assert_int_equal(w.any_done + w.done, 2);
  }
}

/* --- what an on_done may do --- */

static void on_done_close(struct client_call *call, void *ctx) {
  struct world *w = ctx;
  w->any_done++;
  client_call_free(call);
  client_close(w->client);
  struct client_request r = get(w);
  assert_null(client_send(w->client, &r, on_any_done, w));
}

static void test_close_in_on_done(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){0});
  struct client_request r = get(&w);
  for (int i = 0; i < 10; i++) client_send(w.client, &r, on_done_close, &w);
  while (w.any_done < 10) uv_run(&w.loop, UV_RUN_ONCE);
  w.client = NULL;
  world_close(&w);
  assert_int_equal(w.any_done, 10);
}

static void on_done_again(struct client_call *call, void *ctx) {
  struct world *w = ctx;
  client_call_free(call);
  client_call_free(w->call); /* one that is still on its way */
  struct client_request r = get(w);
  w->call = client_send(w->client, &r, on_any_done, w);
  if (w->any_done++ < 20) client_send(w->client, &r, on_done_again, w);
}

static void test_send_and_free_in_on_done(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  world_open(&w, &line, 1, &(struct client_settings){0});
  struct client_request r = get(&w);
  client_send(w.client, &r, on_done_again, &w);
  while (w.any_done < 22) uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_connections_are_kept),
      cmocka_unit_test(test_no_request_is_silently_sent_twice),
      cmocka_unit_test(test_a_retry_that_fails),
      cmocka_unit_test(test_a_retry_waits_for_its_turn),
      cmocka_unit_test(test_nor_on_another_kept_connection),
      cmocka_unit_test(test_an_idle_connection_that_ended_is_not_used),
      cmocka_unit_test(test_a_word_too_many),
      cmocka_unit_test(test_a_word_in_between),
      cmocka_unit_test(test_an_early_reply),
      cmocka_unit_test(test_each_address_of_a_name),
      cmocka_unit_test(test_many_hosts),
      cmocka_unit_test(test_idle_connections_do_not_hold_the_loop),
      cmocka_unit_test(test_a_waiting_call_has_its_deadline),
      cmocka_unit_test(test_an_idle_connection_makes_room),
      cmocka_unit_test(test_a_thousand_calls),
      cmocka_unit_test(test_cancel_at_every_moment),
      cmocka_unit_test(test_close_at_every_moment),
      cmocka_unit_test(test_close_in_on_done),
      cmocka_unit_test(test_send_and_free_in_on_done),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
