/* SPDX-License-Identifier: MIT */
/* Lua's `clock` module: what time it is, and waiting. */
#include "task.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#define TIMER      "usher.timer"
#define YEAR_0     -62167219200.0
#define YEAR_10000 253402300800.0

struct sleeper {
  uv_timer_t timer; /* first: freed in its close callback */
  struct task *task;
};

/* clock.now() -> seconds since 1970, a float with microseconds. Does not yield. */
static int clock_now(lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)(now.tv_nsec / 1000) / 1e6);
  return 1;
}

/* clock.monotonic() -> seconds from some fixed moment, never going back. Does not yield. */
static int clock_monotonic(lua_State *L) {
  lua_pushnumber(L, (lua_Number)uv_hrtime() / 1e9);
  return 1;
}

/* clock.iso8601([seconds since 1970]) -> "2026-01-31T23:59:59Z" (RFC 3339, UTC). Does not yield. */
static int clock_iso8601(lua_State *L) {
  char text[32];
  struct tm tm;
  lua_Number when = lua_isnoneornil(L, 1) ? (lua_Number)time(NULL) : luaL_checknumber(L, 1);
  luaL_argcheck(L, when >= YEAR_0 && when < YEAR_10000, 1, "not a time with a year of four digits");
  time_t seconds = (time_t)floor(when);
  gmtime_r(&seconds, &tm);
  lua_pushlstring(L, text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm));
  return 1;
}

static void on_timer_closed(uv_handle_t *h) {
  free(h);
}

static void on_time(uv_timer_t *timer) {
  struct sleeper *s = (struct sleeper *)timer;
  task_wake(s->task);
}

static int sleeper_gc(lua_State *L) {
  struct sleeper **box = luaL_checkudata(L, 1, TIMER);
  if (*box) uv_close((uv_handle_t *)&(*box)->timer, on_timer_closed);
  *box = NULL;
  return 0;
}

static int clock_slept(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  lua_pushcfunction(T, sleeper_gc);
  lua_pushvalue(T, 2);
  lua_call(T, 1, 0);
  return 0;
}

/* clock.sleep(seconds): waits. Yields. */
static int clock_sleep(lua_State *T) {
  lua_Number seconds = luaL_checknumber(T, 1);
  luaL_argcheck(T, seconds >= 0 && seconds < 1e9, 1, "not a duration in seconds");
  lua_settop(T, 1);
  struct task *task = task_current(T);
  struct sleeper **box = lua_newuserdatauv(T, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(T, TIMER);
  *box = calloc(1, sizeof **box);
  if (!*box) return luaL_error(T, "out of memory");
  (*box)->task = task;
  uv_timer_init(vm_of(T)->settings.loop, &(*box)->timer);
  uv_update_time(vm_of(T)->settings.loop); /* or the time this task has spent would count */
  uv_timer_start(&(*box)->timer, on_time, (uint64_t)ceil(seconds * 1000), 0);
  return task_await(T, clock_slept, 0);
}

static const luaL_Reg functions[] = {
    {"now", clock_now},
    {"monotonic", clock_monotonic},
    {"iso8601", clock_iso8601},
    {"sleep", clock_sleep},
    {NULL, NULL},
};

int luaopen_clock(lua_State *L);
int luaopen_clock(lua_State *L) {
  if (luaL_newmetatable(L, TIMER)) {
    lua_pushcfunction(L, sleeper_gc);
    lua_setfield(L, -2, "__gc");
  }
  luaL_newlib(L, functions);
  return 1;
}
