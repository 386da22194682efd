/* SPDX-License-Identifier: MIT */
/* A host whose addresses do not all answer, or change while connections to the old one are still
   being made. libuv's look-ups are linked with --wrap, and its clock, which the test moves. */
#include "client_world.h"

static const char *resolves_to, *and_to; /* and_to: NULL for no second address */
static unsigned lookups, answers;
static uv_getaddrinfo_cb on_answer;
static char service_of[8];
static uint64_t ahead_ms;

int __real_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb,
                          const char *node, const char *service, const struct addrinfo *hints);
int __wrap_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb,
                          const char *node, const char *service, const struct addrinfo *hints);

static void on_real_answer(uv_getaddrinfo_t *req, int err, struct addrinfo *found) {
  if (and_to) assert_int_equal(getaddrinfo(and_to, service_of, NULL, &found->ai_next), 0);
  on_answer(req, err, found);
  answers++;
}

int __wrap_uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *req, uv_getaddrinfo_cb cb,
                          const char *node, const char *service, const struct addrinfo *hints) {
  assert_string_equal(node, "host.test");
  lookups++;
  on_answer = cb;
  snprintf(service_of, sizeof service_of, "%s", service);
  return __real_uv_getaddrinfo(loop, req, on_real_answer, resolves_to, service, hints);
}

uint64_t __real_uv_now(const uv_loop_t *loop);
uint64_t __wrap_uv_now(const uv_loop_t *loop);
uint64_t __wrap_uv_now(const uv_loop_t *loop) {
  return __real_uv_now(loop) + ahead_ms;
}

static void start(struct world *w, char url[64], const struct client_settings *settings) {
  static const struct peer_line line = {EMPTY, KEEP, 0};
  lookups = answers = 0;
  ahead_ms = 0;
  resolves_to = "127.0.0.2";
  and_to = NULL;
  world_open(w, &line, 1, settings);
  snprintf(url, 64, "http://host.test%s", strrchr(w->peer.url, ':'));
}

/* The first one is silent: it does not take the time of the second. */
static void test_each_address_has_its_time(void **state) {
  (void)state;
  struct world w;
  char url[64];
  start(&w, url, &(struct client_settings){.connect_timeout_ms = 4000});
  and_to = "127.0.0.1";
  struct hole hole = hole_open(resolves_to, w.peer.url);
  struct client_request r = get(&w);
  r.url = url;
  w.call = client_send(w.client, &r, on_done, &w);
  while (!w.done) uv_run(&w.loop, UV_RUN_ONCE);
  if (client_call_error(w.call)) fail_msg("%s", client_call_message(w.call));
  hole_close(&hole);
  world_close(&w);
}

/* The first call would wait for ever; the second one asks for the name anew. Then the connection
   that is still being made to the old address is refused: it follows to the new one. */
static void test_an_address_that_is_gone(void **state) {
  (void)state;
  struct world w;
  char url[64];
  start(&w, url, &(struct client_settings){0});
  struct hole hole = hole_open(resolves_to, w.peer.url);
  struct client_request r = get(&w);
  r.url = url;
  struct client_call *first = client_send(w.client, &r, on_any_done, &w);
  while (!answers) uv_run(&w.loop, UV_RUN_ONCE);
  ahead_ms = 61 * 1000;
  resolves_to = "127.0.0.1";
  struct client_call *second = client_send(w.client, &r, on_any_done, &w);
  assert_int_equal(lookups, 2);
  while (w.any_done < 2) uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(client_call_error(first), CLIENT_OK);
  assert_int_equal(client_call_error(second), CLIENT_OK);
  assert_int_equal(w.peer.accepts, 1);
  hole_close(&hole);
  while (w.peer.accepts < 2) uv_run(&w.loop, UV_RUN_ONCE);
  assert_int_equal(lookups, 2);
  client_call_free(first);
  client_call_free(second);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_address_has_its_time),
      cmocka_unit_test(test_an_address_that_is_gone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
