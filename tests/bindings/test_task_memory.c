/* SPDX-License-Identifier: MIT */
/*
 * One scenario through tasks, http, request and answer, in one loop: a task fetches from a server
 * whose handler is a task of the same vm. It is run with a collection at every allocation, with
 * allocations that fail from any point on, and cut off after any round of the loop; all that in a
 * state of a person's and in one with limits. There it is also stopped after any round. Nothing may
 * crash, hang or (the sanitizers look) leak.
 */
#include "../core/unit.h"

#include "client.h"
#include "failing.h"
#include "listener.h"
#include "log.h"
#include "request.h"
#include "server.h"
#include "task_state.h"
#include "vm.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char handler_text[] =
    "local clock, secret, task = require 'clock', require 'secret', require 'task'\n"
    "return require 'answer'(function(req)\n"
    "  local body, held = req:json(), setmetatable({}, { __close = function() clock.now() end })\n"
    "  local _ <close> = held\n"
    "  local done = task.all {\n"
    "    function() clock.sleep(0) return req:header 'x-key' end,\n"
    "    function() return ('x'):rep(#req:headers() * 100) end,\n"
    "  }\n"
    "  if body.fail then require 'fail'(422, 'invalid_input', { { field = 'a', code = 'b' } }) "
    "end\n"
    "  return { json = { got = body, key = done[1], query = req.query, long = done[2] },\n"
    "    headers = { ['Set-Cookie'] = { 'a=1', 'b=2' } } }\n"
    "end)\n";

static const char client_text[] =
    "local clock, http, json, log = require 'clock', require 'http', require 'json', require "
    "'log'\n"
    "local secret, task = require 'secret', require 'task'\n"
    "return function(url)\n"
    "  local function ask(body)\n"
    "    return function()\n"
    "      return http.fetch { method = 'POST', url = url .. '?a=1&b=%20', timeout = 600,\n"
    "        body = json.encode(body), headers = { ['content-type'] = 'application/json',\n"
    "        ['x-key'] = { 'Bearer ', secret.new('key', 'value') } } }\n"
    "    end\n"
    "  end\n"
    "  task.spawn(function() clock.sleep(0) log.warn('spawned', { a = { 1, 2 }, b = tostring({}) "
    "}) end)\n"
    "  local done = task.all { ask { list = { 1, 2.5, 'three' } }, ask { fail = true },\n"
    "    function() clock.sleep(0.001) return select(2, pcall(error, { 'caught' })) end }\n"
    "  assert(done[1].status == 200 and done[2].status == 422 and done[3][1] == 'caught')\n"
    "  return json.decode(done[1].body).key == 'Bearer value'\n"
    "end\n";

/* --- the house: loop, client, vm, server ------------------------------------------------------ */

static bool limited;

struct house {
  uv_loop_t loop;
  struct budget *budget; /* of the scenario */
  struct vm *vm;
  struct server *server;
  struct request_list open;
  int handler, run; /* registry references */
  char url[64];
  int ended, status, closed;
  bool good;
};

static void on_request(struct exchange *e, void *ctx) {
  struct house *h = ctx;
  request_start(h->vm, h->handler, e, &h->open);
}

static void on_closed(void *ctx) {
  ((struct house *)ctx)->closed++;
}

static int load(lua_State *L) {
  struct house *h = lua_touserdata(L, 1);
  if (luaL_loadstring(L, handler_text)) lua_error(L);
  lua_call(L, 0, 1);
  h->handler = luaL_ref(L, LUA_REGISTRYINDEX);
  if (luaL_loadstring(L, client_text)) lua_error(L);
  lua_call(L, 0, 1);
  h->run = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_gc(L, LUA_GCCOLLECT);
  return 0;
}

static void house_open(struct house *h) {
  int fd, port = 0;
  char *problem = NULL;
  memset(h, 0, sizeof *h);
  assert_int_equal(uv_loop_init(&h->loop), 0);
  struct vm_settings settings = {.loop = &h->loop, .trusted = !limited, .lenient = true};
  assert_int_equal(client_open(&h->loop, &(struct client_settings){.connect_timeout_ms = 60000},
                               &settings.client),
                   0);
  assert_int_equal(vm_open(&h->vm, &settings, &problem), 0);
  lua_pushcfunction(h->vm->L, load);
  lua_pushlightuserdata(h->vm->L, h);
  if (lua_pcall(h->vm->L, 1, 0, 0)) fail_msg("%s", vm_error_text(h->vm->L));
  assert_int_equal(listener_bind("127.0.0.1", &port, &fd, 1), 0);
  struct server_settings server = {.name = "test", .limits = server_limits_default()};
  assert_int_equal(server_open(&h->loop, fd, &server, on_request, h, &h->server), 0);
  snprintf(h->url, sizeof h->url, "http://127.0.0.1:%d/", port);
}

/* As host.c closes, with whatever is going on. */
static void house_close(struct house *h) {
  request_end_all(&h->open);
  server_close(h->server, on_closed, h);
  client_close(h->vm->settings.client);
  vm_close(h->vm);
  uv_run(&h->loop, UV_RUN_DEFAULT);
  assert_int_equal(h->closed, 1);
  assert_int_equal(uv_loop_close(&h->loop), 0);
}

static void on_end(lua_State *T, int status, void *ctx) {
  struct house *h = ctx;
  h->ended++;
  h->status = status;
  h->good = status == LUA_OK && lua_toboolean(T, 1);
}

static int start(lua_State *L) {
  struct house *h = lua_touserdata(L, 1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, h->run);
  lua_pushstring(L, h->url);
  h->budget = task_start(L, 1, on_end, h)->budget;
  return 0;
}

static void on_idle(struct vm *vm) {
  uv_stop(vm->settings.loop);
}

/* Whether the scenario could begin. */
static bool begin(struct house *h) {
  h->ended = 0;
  h->good = false;
  h->vm->on_idle = on_idle;
  lua_pushcfunction(h->vm->L, start);
  lua_pushlightuserdata(h->vm->L, h);
  if (lua_pcall(h->vm->L, 1, 0, 0) == LUA_OK) return true;
  lua_pop(h->vm->L, 1);
  return false;
}

static void run(struct house *h) {
  if (begin(h)) uv_run(&h->loop, UV_RUN_DEFAULT);
  assert_int_equal(h->vm->tasks, 0);
  assert_null(h->open.first);
  assert_int_equal(lua_gettop(h->vm->L), 0);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void test_plain(void **state) {
  (void)state;
  struct house h;
  house_open(&h);
  for (int i = 0; i < 3; i++) {
    run(&h);
    assert_true(h.good);
  }
  house_close(&h);
}

/* A whole collection before every single allocation. */
static void test_collecting(void **state) {
  (void)state;
  struct house h;
  house_open(&h);
  failing.every = 1;
  run(&h);
  failing.every = 0;
  assert_true(h.good);
  house_close(&h);
}

/* The collector takes a step, and a new cycle begins, as often as it can. */
static void test_stepping(void **state) {
  (void)state;
  struct house h;
  house_open(&h);
  lua_gc(h.vm->L, LUA_GCINC, 1, 1000, 1);
  for (int i = 0; i < 3; i++) {
    run(&h);
    assert_true(h.good);
  }
  house_close(&h);
}

/* Memory is out from the nth allocation on, for two tries or for good:
 * for every n until the scenario succeeds. */
static void test_failing(void **state) {
  (void)state;
  static const long rows[] = {2, 20, 1000000};
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct house h;
    long n = 0;
    house_open(&h);
    for (failing.failed = true; failing.failed; n++) {
      failing.left = n;
      failing.in_a_row = rows[i];
      failing.failed = false;
      run(&h);
      if (!failing.failed) assert_true(h.good);
      failing.left = -1;
    }
    print_message("%ld points of failure\n", n);
    assert_true(n > 100);
    run(&h); /* and nothing is broken afterwards */
    assert_true(h.good);
    house_close(&h);
  }
}

/* Everything is closed after any round of the loop: tasks that wait, requests that are open,
 * calls on their way. */
static void test_cut_off(void **state) {
  (void)state;
  int cut = 0;
  for (int rounds = 0; rounds < 40; rounds++) {
    struct house h;
    house_open(&h);
    assert_true(begin(&h));
    for (int i = 0; i < rounds && !h.ended; i++) uv_run(&h.loop, UV_RUN_ONCE);
    cut += !h.ended;
    house_close(&h);
  }
  assert_true(cut > 5);
}

/* It is stopped after any round: whatever it waits for then is cancelled.
 * The server's part goes on, and so does all else. */
static void test_stopped(void **state) {
  (void)state;
  int stopped = 0;
  struct house h;
  house_open(&h);
  for (int rounds = 0; limited && rounds < 40; rounds++) {
    assert_true(begin(&h));
    for (int i = 0; i < rounds && !h.ended; i++) uv_run(&h.loop, UV_RUN_ONCE);
    if (h.ended) continue;
    task_end_budget(h.budget, LIMIT_WALL_TIME);
    assert_int_equal(h.ended, 1);
    assert_int_equal(h.status, TASK_STOPPED);
    while (h.vm->tasks) uv_run(&h.loop, UV_RUN_ONCE);
    uv_run(&h.loop, UV_RUN_NOWAIT); /* uv_stop was called, and holds for one */
    stopped++;
    run(&h);
    assert_true(h.good);
  }
  assert_true(!limited || stopped > 5);
  house_close(&h);
}

/* --- a task that is stopped while it waits at a latch ----------------------------------------- */

static int wait_at_latch(lua_State *L) {
  struct house *h = lua_touserdata(L, 1);
  if (luaL_loadstring(L, "local l = require 'latch'.new()\n"
                         "return function() l:open() end, function() l:wait() end"))
    lua_error(L);
  lua_call(L, 0, 2);
  h->budget = task_start(L, 0, on_end, h)->budget;
  h->run = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

static void test_latch(void **state) {
  (void)state;
  struct house h;
  house_open(&h);
  lua_State *L = h.vm->L;
  lua_pushcfunction(L, wait_at_latch);
  lua_pushlightuserdata(L, &h);
  assert_int_equal(lua_pcall(L, 1, 0, 0), LUA_OK);
  uv_run(&h.loop, UV_RUN_NOWAIT);
  if (limited) task_end_budget(h.budget, LIMIT_WALL_TIME);
  lua_rawgeti(L, LUA_REGISTRYINDEX, h.run);
  assert_int_equal(lua_pcall(L, 0, 0, 0), LUA_OK); /* opens it */
  while (h.vm->tasks) uv_run(&h.loop, UV_RUN_NOWAIT);
  assert_int_equal(h.status, limited ? TASK_STOPPED : LUA_OK);
  house_close(&h);
}

int main(void) {
  log_set_level(LOG_OFF);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plain),    cmocka_unit_test(test_collecting),
      cmocka_unit_test(test_stepping), cmocka_unit_test(test_failing),
      cmocka_unit_test(test_cut_off),  cmocka_unit_test(test_stopped),
      cmocka_unit_test(test_latch),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  limited = true;
  return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
