/* SPDX-License-Identifier: MIT */
/* Lua's `clock` module: what time it is, and waiting. */
#include "box.h"
#include "task.h"
#include "virtual.h"

#include "timestamp.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#define TIMER      "usher.timer"
#define LATER      0.2 /* seconds: more than the loop's coarse clock is ever behind the exact one */
#define YEAR_0     -62167219200.0
#define YEAR_10000 253402300800.0

struct sleeper {
  struct alarm alarm; /* first: freed in its close callback */
  struct task *task;
};

/* clock.now() -> seconds since 1970, a float with microseconds. Does not yield. */
static int clock_now(lua_State *L) {
  lua_pushnumber(L, virtual_now(vm_of(L)));
  return 1;
}

/* clock.monotonic() -> seconds from some fixed moment, never going back. Does not yield. */
static int clock_monotonic(lua_State *L) {
  lua_pushnumber(L, (lua_Number)virtual_monotonic(vm_of(L)) / 1e9);
  return 1;
}

/* clock.iso8601([seconds since 1970]) -> "2026-01-31T23:59:59Z" (RFC 3339, UTC). Does not yield. */
static int clock_iso8601(lua_State *L) {
  char text[32];
  struct tm tm;
  lua_Number when = lua_isnoneornil(L, 1) ? virtual_now(vm_of(L)) : luaL_checknumber(L, 1);
  luaL_argcheck(L, when >= YEAR_0 && when < YEAR_10000, 1, "not a time with a year of four digits");
  time_t seconds = (time_t)floor(when);
  gmtime_r(&seconds, &tm);
  lua_pushlstring(L, text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm));
  return 1;
}

static int push_parsed(lua_State *L, bool (*parse)(struct slice text, int64_t *seconds)) {
  struct slice text;
  int64_t seconds;
  text.data = luaL_checklstring(L, 1, &text.len);
  if (parse(text, &seconds))
    lua_pushinteger(L, seconds);
  else
    lua_pushnil(L);
  return 1;
}

/* clock.parse_iso8601(text) -> seconds since 1970 | nil: it is no time in UTC. Does not yield. */
static int clock_parse_iso8601(lua_State *L) {
  return push_parsed(L, timestamp_parse_extended);
}

/* clock.parse_http_date(text) -> seconds since 1970 | nil: it is none,
 * or in a form that nobody may send any more. */
static int clock_parse_http_date(lua_State *L) {
  return push_parsed(L, timestamp_parse_http);
}

static void on_timer_closed(uv_handle_t *h) {
  free(h);
}

static void on_time(struct alarm *alarm) {
  struct sleeper *s = (struct sleeper *)alarm;
  task_wake(s->task);
}

static void wake_up(void *ctx) {
  struct sleeper **box = ctx;
  if (*box) alarm_close(&(*box)->alarm, on_timer_closed);
  *box = NULL;
}

static int sleeper_gc(lua_State *L) {
  wake_up(luaL_checkudata(L, 1, TIMER));
  return 0;
}

static int clock_slept(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  lua_pushcfunction(T, sleeper_gc);
  lua_pushvalue(T, 2);
  lua_call(T, 1, 0);
  return 0;
}

/* Not over the task's own time, but after those whose wall time ends then: they do not wake. */
static double within(const struct vm *vm, const struct task *task, double seconds) {
  uint64_t over = task_deadline(task), now = virtual_monotonic(vm) / 1000000;
  if (over == TASK_NO_DEADLINE) return seconds;
  double left = (over > now ? (double)(over - now) : 0) / 1e3 + LATER;
  return seconds < left ? seconds : left;
}

/* clock.sleep(seconds): waits, though no longer than the task's own time. Yields. */
static int clock_sleep(lua_State *T) {
  lua_Number seconds = luaL_checknumber(T, 1);
  luaL_argcheck(T, seconds >= 0 && seconds < 1e9, 1, "not a duration in seconds");
  lua_settop(T, 1);
  struct task *task = task_current(T);
  struct sleeper **box = lua_newuserdatauv(T, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(T, TIMER);
  *box = calloc(1, sizeof **box);
  if (!*box) return box_no_memory(T);
  (*box)->task = task;
  alarm_init(&(*box)->alarm, vm_of(T));
  alarm_start(&(*box)->alarm, within(vm_of(T), task, seconds), on_time);
  task_cancel_by(task, wake_up, box);
  return task_await(T, clock_slept, 0);
}

static const luaL_Reg functions[] = {
    {"now", clock_now},
    {"monotonic", clock_monotonic},
    {"iso8601", clock_iso8601},
    {"parse_iso8601", clock_parse_iso8601},
    {"parse_http_date", clock_parse_http_date},
    {"sleep", clock_sleep},
    {NULL, NULL},
};

int luaopen_clock(lua_State *L);
int luaopen_clock(lua_State *L) {
  box_type(L, TIMER, sleeper_gc, NULL);
  luaL_newlib(L, functions);
  return 1;
}
