/* SPDX-License-Identifier: MIT */
/* Connections shared out: to each host, within the limits, to who waits. */
#include "client_world.h"

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

/* All places taken by a connection that is still being made, for a call that is gone. */
static void test_a_connection_for_nobody_makes_room(void **state) {
  (void)state;
  struct world w;
  struct peer_line line = {EMPTY, KEEP, 0};
  char url[64];
  world_open(&w, &line, 1, &(struct client_settings){.max_connections = 1});
  struct hole hole = hole_open("127.0.0.2", w.peer.url);
  snprintf(url, sizeof url, "http://127.0.0.2%s", strrchr(w.peer.url, ':'));
  struct client_request r = get(&w);
  r.url = url;
  client_call_free(client_send(w.client, &r, on_any_done, &w));
  r.url = w.peer.url;
  r.deadline_ms = in_ms(&w, 20000);
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
  hole_close(&hole);
  world_close(&w);
}

/* --- who never stops --- */

enum { ENOUGH = 100 };

struct busy {
  struct world *w;
  const char *url;
  unsigned served;
};

static void busy_send(struct busy *b, void (*done)(struct client_call *, void *)) {
  struct client_request r = post(b->w);
  r.url = b->url;
  assert_non_null(client_send(b->w->client, &r, done, b));
}

static void on_done_more(struct client_call *call, void *ctx) {
  struct busy *b = ctx;
  enum client_error error = client_call_error(call);
  client_call_free(call);
  if (b->w->any_done) return; /* the world may be closing */
  assert_int_equal(error, CLIENT_OK);
  if (++b->served < ENOUGH) busy_send(b, on_done_more);
}

/* Two callers take each other's turns; the one who waits beside them is served all the same. */
static void check_turn(struct busy *b, struct client_call *waiting) {
  for (unsigned served = 0; !b->w->any_done && served < ENOUGH; served = b->served)
    uv_run(&b->w->loop, UV_RUN_ONCE);
  assert_int_equal(b->w->any_done, 1);
  assert_int_equal(client_call_error(waiting), CLIENT_OK);
  client_call_free(waiting);
}

static void test_a_busy_host_leaves_room_for_others(void **state) {
  (void)state;
  struct world w;
  struct peer peers[2];
  struct peer_line line = {EMPTY, KEEP, 0};
  for (int busy = 0; busy < 2; busy++) {
    world_open(&w, &line, 1, &(struct client_settings){.max_connections = 1});
    struct client_request r = post(&w);
    for (int i = 0; i < 2; i++) {
      peer_open(&w.loop, &peers[i], &line, 1);
      r.url = peers[i].url;
      exchange(&w, &r);
    }
    struct busy b = {&w, peers[busy].url, 0};
    busy_send(&b, on_done_more);
    busy_send(&b, on_done_more);
    r.url = peers[!busy].url;
    check_turn(&b, client_send(w.client, &r, on_any_done, &w));
    for (int i = 0; i < 2; i++) peer_close(&peers[i]);
    world_close(&w);
  }
}

/* Whose kept connection ended wants a new one, and the kept ones of the host are always taken. */
static void test_a_retry_has_its_turn(void **state) {
  (void)state;
  struct world w;
  struct peer_line script[] = {{EMPTY, KEEP, 0}, {NULL, FIN, 0}, {EMPTY, KEEP, 0}};
  world_open(&w, script, 3, &(struct client_settings){.max_host_connections = 1});
  struct client_request r = get(&w);
  exchange(&w, &r);
  struct busy b = {&w, w.peer.url, 0};
  struct client_call *waiting = client_send(w.client, &r, on_any_done, &w);
  busy_send(&b, on_done_more);
  busy_send(&b, on_done_more);
  check_turn(&b, waiting);
  world_close(&w);
}

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_retry_waits_for_its_turn),
      cmocka_unit_test(test_each_address_of_a_name),
      cmocka_unit_test(test_many_hosts),
      cmocka_unit_test(test_a_waiting_call_has_its_deadline),
      cmocka_unit_test(test_an_idle_connection_makes_room),
      cmocka_unit_test(test_a_connection_for_nobody_makes_room),
      cmocka_unit_test(test_a_busy_host_leaves_room_for_others),
      cmocka_unit_test(test_a_retry_has_its_turn),
      cmocka_unit_test(test_a_thousand_calls),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
