/* SPDX-License-Identifier: MIT */
/* Lua's `interrupt` module, for commands that walk far or wait long: a first SIGINT or SIGTERM asks
 * them to stop at a good place, a second one ends the process.
 * The handles are freed in their close callbacks. */
#include "box.h"
#include "task.h"

#include <lauxlib.h>
#include <signal.h>
#include <stdlib.h>

#define WATCH "usher.interrupt"

struct watch {
  uv_signal_t signals[2]; /* first: freed with the last close */
  int open;
  bool came;
  struct task *waiting;
};

static void on_signal(uv_signal_t *h, int number) {
  struct watch *w = h->data;
  (void)number;
  w->came = true;
  for (int i = 0; i < 2; i++) uv_signal_stop(&w->signals[i]);
  if (w->waiting) task_wake(w->waiting);
}

static void on_closed(uv_handle_t *h) {
  struct watch *w = h->data;
  if (--w->open == 0) free(w);
}

static int watch_gc(lua_State *L) {
  struct watch **box = luaL_checkudata(L, 1, WATCH), *w = *box;
  *box = NULL;
  if (!w) return 0;
  for (int i = 0; i < 2; i++) uv_close((uv_handle_t *)&w->signals[i], on_closed);
  return 0;
}

/* watch:came() -> was the command asked to stop? Does not yield. */
static int watch_came(lua_State *L) {
  struct watch **box = luaL_checkudata(L, 1, WATCH);
  lua_pushboolean(L, *box && (*box)->came);
  return 1;
}

static int watch_waited(lua_State *T, int status, lua_KContext ctx) {
  (void)T, (void)status, (void)ctx;
  return 0;
}

/* watch:wait(): until the command is asked to stop. One task at a time. Yields. */
static int watch_wait(lua_State *T) {
  struct watch **box = luaL_checkudata(T, 1, WATCH);
  if ((*box)->came) return 0;
  lua_settop(T, 1);
  (*box)->waiting = task_current(T);
  return task_await(T, watch_waited, 0);
}

/* interrupt.watch() -> watch, until it is collected. Does not yield. */
static int interrupt_watch(lua_State *L) {
  static const int numbers[2] = {SIGINT, SIGTERM};
  struct watch **box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(L, WATCH);
  struct watch *w = calloc(1, sizeof *w);
  if (!w) return box_no_memory(L);
  for (int i = 0; i < 2; i++) {
    uv_signal_init(vm_of(L)->settings.loop, &w->signals[i]); /* cannot fail on an open loop */
    w->signals[i].data = w;
    w->open++;
  }
  *box = w;
  for (int i = 0; i < 2; i++) {
    int err = uv_signal_start(&w->signals[i], on_signal, numbers[i]);
    if (err) return luaL_error(L, "signals: %s", uv_strerror(err));
    uv_unref((uv_handle_t *)&w->signals[i]);
  }
  return 1;
}

static const luaL_Reg methods[] = {
    {"came", watch_came},
    {"wait", watch_wait},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"watch", interrupt_watch},
    {NULL, NULL},
};

int luaopen_interrupt(lua_State *L);
int luaopen_interrupt(lua_State *L) {
  box_type(L, WATCH, watch_gc, methods);
  luaL_newlib(L, functions);
  return 1;
}
