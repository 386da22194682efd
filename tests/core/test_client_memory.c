/* SPDX-License-Identifier: MIT */
/* The client with allocations that fail: each in turn, and all from each point on. Whatever
   happens, every call ends once, nothing leaks (ASan) and the loop closes. core is linked with
   --wrap: what it takes comes from here, what the peer and libuv take is real. */
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);

#include <stdlib.h>
#define malloc __real_malloc
#define calloc __real_calloc
#include "client_world.h"

static unsigned countdown; /* to the next failure; 0: none */
static bool for_good;
static unsigned allocations;

static bool fails(void) {
  allocations++;
  if (!countdown) return false;
  if (--countdown) return false;
  countdown = for_good;
  return true;
}

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size) {
  return fails() ? NULL : __real_calloc(n, size);
}
void *__wrap_realloc(void *p, size_t size);
void *__wrap_realloc(void *p, size_t size) {
  return fails() ? NULL : __real_realloc(p, size);
}
char *__wrap_strdup(const char *s);
char *__wrap_strdup(const char *s) {
  return fails() ? NULL : __real_strdup(s);
}

static const struct peer_line script[] = {
    {OK "X-A: b\r\nContent-Length: 20000\r\n\r\n", KEEP, 20000},
    {OK "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", KEEP, 0},
    {OK "\r\nuntil the end", FIN, 0},
};

static const char *const headers[] = {"Authorization: Bearer x", "X-Empty:"};

/* Two calls at once, then one more. How many allocations that took. */
static unsigned live_once(unsigned fail_at, bool from_there_on) {
  struct world w;
  memset(&w, 0, sizeof w);
  uv_loop_init(&w.loop);
  peer_open(&w.loop, &w.peer, script, COUNT(script));
  struct client_request r = {.method = "POST", .url = w.peer.url, .body = "x", .body_len = 1};
  r.headers = headers;
  r.header_count = COUNT(headers);
  r.deadline_ms =
      in_ms(&w, fail_at ? 50 : FAR_MS); /* a call may lose its connection for want of memory */
  struct client_call *calls[3] = {0};
  unsigned sent = 0;
  allocations = 0;
  countdown = fail_at;
  for_good = from_there_on;
  if (!client_open(&w.loop, &(struct client_settings){.connect_timeout_ms = FAR_MS}, &w.client)) {
    for (int i = 0; i < 2; i++)
      sent += (calls[i] = client_send(w.client, &r, on_any_done, &w)) != NULL;
    while (w.any_done < sent) uv_run(&w.loop, UV_RUN_ONCE);
    sent += (calls[2] = client_send(w.client, &r, on_any_done, &w)) != NULL;
    while (w.any_done < sent) uv_run(&w.loop, UV_RUN_ONCE);
  }
  countdown = 0;
  unsigned used = allocations;
  assert_int_equal(w.any_done, sent);
  for (int i = 0; i < 3; i++) {
    if (!fail_at) assert_int_equal(client_call_error(calls[i]), CLIENT_OK);
    client_call_free(calls[i]);
  }
  world_close(&w);
  return used;
}

static void test_each_allocation_fails(void **state) {
  (void)state;
  unsigned all = live_once(0, false);
  assert_true(all > 10);
  for (unsigned i = 1; i <= all; i++) live_once(i, false);
}

static void test_all_allocations_fail_from_some_point(void **state) {
  (void)state;
  unsigned all = live_once(0, true);
  assert_true(all > 10);
  for (unsigned i = 1; i <= all; i++) live_once(i, true);
}

int main(void) {
  uv_replace_allocator(__real_malloc, __real_realloc, __real_calloc, free);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_allocation_fails),
      cmocka_unit_test(test_all_allocations_fail_from_some_point),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
