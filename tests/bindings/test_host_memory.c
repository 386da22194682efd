/* SPDX-License-Identifier: MIT */
/* The script host when memory runs out: opening a vm, proving a set, opening a generation, a
 * reload. For every allocation that may fail: a clear error or success, nothing lost (the
 * sanitizers look), and the generation before still serves. */
#include "../core/unit.h"

#include "client.h"
#include "failing.h"
#include "generation.h"
#include "listener.h"
#include "log.h"
#include "proof.h"
#include "server.h"
#include "versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const files[][2] = {
    {"routes.lua", "return { { 'GET', '/hello', 'hello' } }"},
    {"word.lua", "return ('w'):rep(100)"},
    {"hello.lua", "local word = require 'word' return function() return { body = word } end"},
    {"hello_spec.lua", "describe('hello', function() it('has a word', function()\n"
                       "  assert.equal(100, #require 'word') end) end)"},
};

static struct house {
  uv_loop_t loop;
  char folder[32];
  struct vm_settings settings;
  struct versions *versions;
  struct script_set *set;
  struct generation *now;
  struct server *server;
  char url[64];
  bool answered, gone;
} house;

/* --- a folder of scripts, and the loop -------------------------------------------------------- */

static int open_house(void **state) {
  (void)state;
  struct house *h = &house;
  char path[64], *problem;
  strcpy(h->folder, "/tmp/usher-memory-XXXXXX");
  assert_non_null(mkdtemp(h->folder));
  for (size_t i = 0; i < COUNT(files); i++) {
    snprintf(path, sizeof path, "%s/%s", h->folder, files[i][0]);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(files[i][1], file);
    fclose(file);
  }
  assert_int_equal(uv_loop_init(&h->loop), 0);
  h->settings = (struct vm_settings){.loop = &h->loop, .scripts = h->folder, .lenient = true};
  const struct client_settings patient = {.connect_timeout_ms = 60000};
  assert_int_equal(client_open(&h->loop, &patient, &h->settings.client), 0);
  assert_int_equal(vm_read_set(&h->settings, &h->set, &problem), 0);
  h->versions = versions_new(2);
  return 0;
}

static int close_house(void **state) {
  (void)state;
  struct house *h = &house;
  char path[64];
  client_close(h->settings.client);
  uv_run(&h->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&h->loop), 0);
  script_set_unref(h->set);
  versions_free(h->versions);
  for (size_t i = 0; i < COUNT(files); i++) {
    snprintf(path, sizeof path, "%s/%s", h->folder, files[i][0]);
    unlink(path);
  }
  return rmdir(h->folder);
}

/* --- what is done while memory runs out: 0, or an error and perhaps a problem for a person ---- */

static int open_vm(struct house *h, char **problem) {
  struct vm *vm;
  int err = vm_open(&vm, &h->settings, problem);
  if (!err) vm_close(vm);
  return err;
}

static int prove(struct house *h, char **problem) {
  struct proof_faults faults = {0};
  int err = proof_now(&h->settings, h->set, "router", true, &faults);
  if (faults.text) *problem = strdup(faults.text);
  proof_faults_free(&faults);
  return err;
}

static int open_generation(struct house *h, struct version *v, struct generation **out,
                           char **problem) {
  unsigned before = atomic_fetch_add(&v->states, 1);
  int err = generation_open(&h->settings, "router", v, out, problem);
  assert_int_equal(atomic_load(&v->states), before + (err == 0));
  return err;
}

static struct version *the_version(struct house *h) {
  struct version *v = versions_current(h->versions);
  if (v) return v;
  v = versions_add(h->versions, h->set, "test");
  assert_non_null(v);
  versions_adopt(h->versions, v);
  return v;
}

static int open_and_close(struct house *h, char **problem) {
  struct generation *g;
  int err = open_generation(h, the_version(h), &g, problem);
  if (!err) generation_close(g);
  return err;
}

static void on_gone(void *ctx) {
  ((struct house *)ctx)->gone = true;
}

/* As reload.c and host.c do it, without their threads. */
static int reload(struct house *h, char **problem) {
  struct generation *next;
  int err = prove(h, problem);
  if (!err) err = open_generation(h, the_version(h), &next, problem);
  if (err) return err;
  h->gone = false;
  generation_retire(h->now, 60000, on_gone, h);
  h->now = next;
  while (!h->gone) uv_run(&h->loop, UV_RUN_ONCE);
  return 0;
}

/* --- for every allocation --------------------------------------------------------------------- */

/* Every one of the first; of many, one here and there. */
static long after(long n) {
  return n < 300 ? n + 1 : n + n / 37;
}

static void each_fails(const char *what, int (*act)(struct house *h, char **problem),
                       void (*look)(struct house *h)) {
  static const long in_a_row[] = {2, 1000000};
  for (size_t i = 0; i < COUNT(in_a_row); i++) {
    long n = 0, points = 0;
    for (failing.failed = true; failing.failed; n = after(n), points++) {
      char *problem = NULL;
      failing.left = n;
      failing.in_a_row = in_a_row[i];
      failing.failed = false;
      int err = act(&house, &problem);
      failing.left = -1;
      uv_run(&house.loop, UV_RUN_NOWAIT);
      if (err && err != UV_ENOMEM && (!problem || !strstr(problem, "memory")))
        fail_msg("%s, allocation %ld: %s", what, n, problem ? problem : uv_strerror(err));
      if (!failing.failed) assert_int_equal(err, 0);
      free(problem);
      if (look) look(&house);
    }
    print_message("%s: %ld allocations of about %ld failed\n", what, points, n);
    assert_true(points > 100);
  }
}

static void test_open_vm(void **state) {
  (void)state;
  each_fails("vm", open_vm, NULL);
}

static void test_prove(void **state) {
  (void)state;
  each_fails("proof", prove, NULL);
}

static void test_open_generation(void **state) {
  (void)state;
  each_fails("generation", open_and_close, NULL);
}

/* --- a reload beside requests ----------------------------------------------------------------- */

static void on_request(struct exchange *e, void *ctx) {
  generation_request(((struct house *)ctx)->now, e);
}

static void on_reply(struct client_call *call, void *ctx) {
  (void)call;
  ((struct house *)ctx)->answered = true;
}

static void ask(struct house *h) {
  const struct client_request r = {.method = "GET", .url = h->url, .deadline_ms = UINT64_MAX};
  h->answered = false;
  struct client_call *call = client_send(h->settings.client, &r, on_reply, h);
  while (!h->answered) uv_run(&h->loop, UV_RUN_ONCE);
  assert_int_equal(client_call_status(call), 200);
  assert_int_equal(client_call_body(call).len, 100);
  client_call_free(call);
}

static void test_reload(void **state) {
  (void)state;
  struct house *h = &house;
  int fd, port = 0;
  char *problem = NULL;
  assert_int_equal(listener_bind("127.0.0.1", &port, &fd, 1), 0);
  struct server_settings settings = {.name = "public", .limits = server_limits_default()};
  settings.limits.requests_per_connection = 1000000;
  assert_int_equal(server_open(&h->loop, fd, &settings, on_request, h, &h->server), 0);
  snprintf(h->url, sizeof h->url, "http://127.0.0.1:%d/hello", port);
  assert_int_equal(open_generation(h, the_version(h), &h->now, &problem), 0);
  each_fails("reload", reload, ask);
  generation_close(h->now);
  h->now = NULL;
  server_close(h->server, NULL, NULL);
}

int main(void) {
  log_set_level(LOG_OFF);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_open_vm),
      cmocka_unit_test(test_prove),
      cmocka_unit_test(test_open_generation),
      cmocka_unit_test(test_reload),
  };
  return cmocka_run_group_tests(tests, open_house, close_house);
}
