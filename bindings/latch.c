/* SPDX-License-Identifier: MIT */
/* Lua's `latch` module: one task waits, another opens. The sandbox's functions and their callers
 * meet at latches. */
#include "box.h"
#include "task.h"
#include "virtual.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#define LATCH "usher.latch"

struct latch {
  struct alarm alarm; /* first: freed in its close callback */
  struct task *waiting;
  bool open;
};

static struct latch *check_latch(lua_State *L) {
  return *(struct latch **)luaL_checkudata(L, 1, LATCH);
}

static void on_closed(uv_handle_t *h) {
  free(h);
}

static int latch_gc(lua_State *L) {
  struct latch **box = luaL_checkudata(L, 1, LATCH);
  if (*box) alarm_close(&(*box)->alarm, on_closed);
  *box = NULL;
  return 0;
}

/* latch.new() -> a closed latch */
static int latch_new(lua_State *L) {
  struct latch **box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(L, LATCH);
  *box = calloc(1, sizeof **box);
  if (!*box) return box_no_memory(L);
  alarm_init(&(*box)->alarm, vm_of(L));
  return 1;
}

static struct task *forget(struct latch *g) {
  struct task *task = g->waiting;
  g->waiting = NULL;
  alarm_stop(&g->alarm);
  return task;
}

static void wake(struct latch *g) {
  struct task *task = forget(g);
  if (task) task_wake(task);
}

static void on_cancel(void *g) {
  forget(g);
}

static void on_time(struct alarm *alarm) {
  wake((struct latch *)alarm);
}

static int latch_passed(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  lua_pushboolean(T, check_latch(T)->open);
  return 1;
}

/* g:wait([seconds]) -> true when it is open, false when time is over first.
 * One task waits at a time. Yields. */
static int latch_wait(lua_State *T) {
  struct latch *g = check_latch(T);
  lua_Number seconds = luaL_optnumber(T, 2, HUGE_VAL);
  luaL_argcheck(T, seconds >= 0, 2, "not a duration in seconds");
  if (g->waiting) return luaL_error(T, "a task waits at this latch already");
  if (g->open || seconds == 0) return latch_passed(T, 0, 0);
  lua_settop(T, 1);
  g->waiting = task_current(T);
  if (seconds < 1e9) alarm_start(&g->alarm, seconds, on_time);
  task_cancel_by(g->waiting, on_cancel, g);
  return task_await(T, latch_passed, 0);
}

/* g:open(): for good; whoever waits goes on. Does not yield. */
static int latch_open(lua_State *L) {
  struct latch *g = check_latch(L);
  g->open = true;
  wake(g);
  return 0;
}

static const luaL_Reg methods[] = {
    {"open", latch_open},
    {"wait", latch_wait},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"new", latch_new},
    {NULL, NULL},
};

int luaopen_latch(lua_State *L);
int luaopen_latch(lua_State *L) {
  box_type(L, LATCH, latch_gc, methods);
  luaL_newlib(L, functions);
  return 1;
}
