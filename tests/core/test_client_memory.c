/* SPDX-License-Identifier: MIT */
/* The client with allocations that fail: each of its own in turn, and all, curl's too, from each
   point on. Whatever happens, every call ends once, nothing leaks (ASan) and the loop closes. The
   client's sources are compiled in here with another malloc. curl 7.88 itself does not survive
   each single failure: it divides by zero when one of its hashes has no table. */
#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

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

static void *frail_malloc(size_t size) {
  return fails() ? NULL : malloc(size);
}
static void *frail_calloc(size_t n, size_t size) {
  return fails() ? NULL : calloc(n, size);
}
static void *frail_realloc(void *p, size_t size) {
  return fails() ? NULL : realloc(p, size);
}
static void *curls_malloc(size_t size) {
  return for_good && fails() ? NULL : malloc(size);
}
static char *frail_strdup(const char *s) {
  return fails() ? NULL : strdup(s);
}

#define malloc  frail_malloc
#define calloc  frail_calloc
#define realloc frail_realloc
#undef strdup
#define strdup frail_strdup

#pragma GCC diagnostic ignored "-Wshadow" /* one file's statics are another's parameters */
#include "bytes.c"
#include "client.c"
#include "client_block.c"
#include "client_error.c"
#include "client_reply.c"
#include "multi.c"
#undef malloc
#define malloc curls_malloc
#include "wiping.c"

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
  r.deadline_ms = in_ms(&w, fail_at ? 50 : FAR_MS); /* curl may lose a call for want of memory */
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
  assert_true(all > 100);
  for (unsigned i = 1; i <= all; i++) live_once(i, true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_each_allocation_fails),
      cmocka_unit_test(test_all_allocations_fail_from_some_point),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
