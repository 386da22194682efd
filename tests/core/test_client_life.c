/* SPDX-License-Identifier: MIT */
/* Calls that end early: canceled, closed, and what an on_done may do. */
#include "client_world.h"

static const struct peer_line slow[] = {{OK "Content-Length: 300000\r\n\r\n", KEEP, 300000}};

/* The peer by its name: it has to be looked up first. */
static struct client_request ask(const struct world *w, bool by_name) {
  static char url[64];
  struct client_request r = post(w);
  snprintf(url, sizeof url, "http://localhost%s", strrchr(w->peer.url, ':'));
  if (by_name) r.url = url;
  return r;
}

/* Frees the call after each number of turns of the loop that it can live; the client must serve
   on. */
static bool cancel_after(int turns, bool by_name) {
  struct world w;
  world_open(&w, slow, 1, &(struct client_settings){0});
  struct client_request r = ask(&w, by_name);
  struct client_call *call = client_send(w.client, &r, on_any_done, &w);
  for (int i = 0; i < turns && !w.any_done; i++) uv_run(&w.loop, UV_RUN_ONCE);
  bool ended = w.any_done == 1;
  client_call_free(call);
  exchange(&w, &r);
  assert_int_equal(client_call_error(w.call), CLIENT_OK);
  assert_int_equal(w.any_done, ended);
  world_close(&w);
  return ended;
}

static void test_cancel_at_every_moment(void **state) {
  (void)state;
  for (int by_name = 0; by_name < 2; by_name++)
    for (int turns = 0; !cancel_after(turns, by_name);) turns++;
}

static bool close_after(int turns, bool by_name) {
  struct world w;
  world_open(&w, slow, 1, &(struct client_settings){0});
  struct client_request r = ask(&w, by_name), late = r;
  late.deadline_ms = 0;
  struct client_call *call = client_send(w.client, &r, on_any_done, &w);
  w.call = client_send(w.client, &late, on_done, &w);
  for (int i = 0; i < turns && !w.any_done; i++) uv_run(&w.loop, UV_RUN_ONCE);
  bool ended = w.any_done == 1;
  client_close(w.client);
  assert_int_equal(w.any_done, 1);
  assert_int_equal(w.done, 1);
  assert_int_equal(client_call_error(call), ended ? CLIENT_OK : CLIENT_CANCELED);
  client_call_free(call);
  w.client = NULL;
  world_close(&w); /* a call outlives its client */
  assert_int_equal(w.any_done + w.done, 2);
  return ended;
}

static void test_close_at_every_moment(void **state) {
  (void)state;
  for (int by_name = 0; by_name < 2; by_name++)
    for (int turns = 0; !close_after(turns, by_name);) turns++;
}

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
      cmocka_unit_test(test_cancel_at_every_moment),
      cmocka_unit_test(test_close_at_every_moment),
      cmocka_unit_test(test_close_in_on_done),
      cmocka_unit_test(test_send_and_free_in_on_done),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
