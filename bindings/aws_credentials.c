/* SPDX-License-Identifier: MIT */
/* Lua's `aws_credentials` module: a task waits for the credentials that main's loop is fetching.
 * The end of that comes on another thread: it only sends to an async handle of this loop. */
#include "box.h"
#include "credentials.h"
#include "task.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WAIT "usher.credentials_wait"

struct wait {
  struct credentials_waiter waiter; /* first: on_wake has it from there */
  uv_async_t woken;
  uv_timer_t timer;
  struct task *task; /* NULL: it is awake */
  unsigned handles;
};

static void on_closed(uv_handle_t *h) {
  struct wait *w = h->data;
  if (--w->handles == 0) free(w);
}

static void forget(void *ctx) {
  struct wait **box = ctx, *w = *box;
  if (!w) return;
  *box = NULL;
  credentials_forget(&w->waiter);
  uv_close((uv_handle_t *)&w->woken, on_closed);
  uv_close((uv_handle_t *)&w->timer, on_closed);
}

static int wait_gc(lua_State *L) {
  forget(luaL_checkudata(L, 1, WAIT));
  return 0;
}

static void wake(struct wait *w) {
  struct task *task = w->task;
  w->task = NULL;
  if (task) task_wake(task);
}

static void on_wake(struct credentials_waiter *waiter) {
  uv_async_send(&((struct wait *)waiter)->woken);
}

static void on_woken(uv_async_t *async) {
  wake(async->data);
}

static void on_deadline(uv_timer_t *timer) {
  wake(timer->data);
}

static uint64_t pause_of(lua_State *T, struct task *task, int index) {
  lua_Number seconds = luaL_checknumber(T, index);
  luaL_argcheck(T, seconds < 1e6, index, "not a duration in seconds");
  uv_update_time(vm_of(T)->settings.loop);
  uint64_t now = uv_now(vm_of(T)->settings.loop), outer = task_deadline(task);
  uint64_t own = seconds > 0 ? (uint64_t)ceil(seconds * 1000) : 0;
  uint64_t left = outer > now ? outer - now : 0;
  return own < left ? own : left;
}

/* Leaves a box on the stack and yields. */
static int start(lua_State *T, struct task *task, uint64_t pause, lua_KFunction k) {
  uv_loop_t *loop = vm_of(T)->settings.loop;
  struct wait **box = lua_newuserdatauv(T, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(T, WAIT);
  struct wait *w = calloc(1, sizeof *w);
  if (!w || uv_async_init(loop, &w->woken, on_woken)) {
    free(w);
    return box_no_memory(T);
  }
  uv_timer_init(loop, &w->timer);
  w->woken.data = w->timer.data = w;
  w->handles = 2;
  w->task = task;
  w->waiter.wake = on_wake;
  *box = w;
  uv_timer_start(&w->timer, on_deadline, pause, 0);
  credentials_await(&w->waiter);
  task_cancel_by(task, forget, box);
  return task_await(T, k, 0);
}

/* stack: …, box */
static void finish(lua_State *T) {
  lua_pushcfunction(T, wait_gc);
  lua_pushvalue(T, -2);
  lua_call(T, 1, 0);
}

static int push_reason(lua_State *T) {
  char text[2048];
  struct bytes why = {0};
  const struct credentials *c;
  int err = credentials_get(&c, &why);
  snprintf(text, sizeof text, "%s", why.data ? why.data : "");
  bytes_free(&why);
  if (!err) {
    credentials_unref(c);
    lua_pushboolean(T, true);
    return 1;
  }
  lua_pushnil(T);
  lua_pushstring(T, text);
  return 2;
}

static int awaited(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  finish(T);
  return push_reason(T);
}

/* aws_credentials.await(seconds) -> true | nil, where it was looked and what was amiss. Yields
 * until the asking that is under way has ended. */
static int aws_credentials_await(lua_State *T) {
  struct task *task = task_current(T);
  uint64_t pause = pause_of(T, task, 1);
  lua_settop(T, 1);
  return start(T, task, pause, awaited);
}

/* stack: access key id, seconds, … */
static bool has_others(lua_State *T) {
  struct bytes why = {0};
  const struct credentials *c;
  if (credentials_get(&c, &why)) {
    bytes_free(&why);
    return false;
  }
  bool others = strcmp(c->access_key_id, lua_tostring(T, 1)) != 0;
  credentials_unref(c);
  return others;
}

static int renewed(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  finish(T);
  lua_pushboolean(T, has_others(T));
  return 1;
}

/* aws_credentials.renew(access key id, seconds) -> are others than these there now? A service has
 * refused them. Yields while others are being fetched. */
static int aws_credentials_renew(lua_State *T) {
  const char *id = luaL_checkstring(T, 1);
  struct task *task = task_current(T);
  uint64_t pause = pause_of(T, task, 2);
  lua_settop(T, 2);
  if (has_others(T) || !credentials_doubt(id)) {
    lua_pushboolean(T, has_others(T));
    return 1;
  }
  return start(T, task, pause, renewed);
}

static const luaL_Reg functions[] = {
    {"await", aws_credentials_await},
    {"renew", aws_credentials_renew},
    {NULL, NULL},
};

int luaopen_aws_credentials(lua_State *L);
int luaopen_aws_credentials(lua_State *L) {
  box_type(L, WAIT, wait_gc, NULL);
  luaL_newlib(L, functions);
  return 1;
}
