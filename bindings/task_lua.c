/* SPDX-License-Identifier: MIT */
/* Lua's `task` module: what runs side by side, and for how long. */
#include "box.h"
#include "budget.h"
#include "guard.h"
#include "log.h"
#include "task_after.h"
#include "task_source.h"
#include "task_state.h"
#include "trail.h"
#include "virtual.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int luaopen_task(lua_State *L);

/* stack: … -> …, the error of a child that has failed: with its traceback when it is a message */
static void push_error_of(lua_State *T, struct task *child) {
  luaL_checkstack(T, 2, NULL);
  if (child->status == TASK_STOPPED) {
    lua_pushstring(T, guard_error_text(T));
    return;
  }
  lua_xmove(child->T, T, 1);
  if (lua_type(T, -1) == LUA_TSTRING) trail_traceback(T, child->T, 0);
}

/* stack: functions, children… */
static int task_joined(lua_State *T, int status, lua_KContext ctx) {
  (void)status;
  int n = (int)ctx;
  bool failed = false;
  for (int i = 1; i <= n; i++) {
    struct task *child = lua_touserdata(T, 1 + i);
    if (child->status == LUA_OK) continue;
    if (!failed) push_error_of(T, child);
    failed = true;
    if (child->status != TASK_STOPPED)
      guard_reset(T, child->T); /* runs the pending __close of what it held */
  }
  if (failed) return lua_error(T);
  lua_createtable(T, n, 0);
  for (int i = 1; i <= n; i++) {
    struct task *child = lua_touserdata(T, 1 + i);
    if (lua_gettop(child->T) == 0) continue;
    lua_settop(child->T, 1);
    lua_xmove(child->T, T, 1);
    lua_rawseti(T, -2, i);
  }
  return 1;
}

/* task.all{fn, …} -> list of their first results. Waits for all of them;
 * then raises the first error, if any. Yields. */
static int task_all(lua_State *T) {
  luaL_checktype(T, 1, LUA_TTABLE);
  lua_settop(T, 1);
  struct task *parent = task_current(T);
  lua_Integer most = luaL_len(T, 1);
  int n = most < INT_MAX / 2 ? (int)most : INT_MAX / 2;
  luaL_checkstack(T, n + 4, "too many tasks");
  task_check_room(T, parent->budget, (unsigned)n);
  for (int i = 1; i <= n; i++) {
    if (lua_rawgeti(T, 1, i) != LUA_TFUNCTION)
      return luaL_error(T, "task.all: entry %d is not a function", i);
    task_push(T, 0);
  }
  if (n == 0) return task_joined(T, LUA_OK, 0);
  parent->pending = (unsigned)n;
  for (int i = 1; i <= n; i++) {
    struct task *child = lua_touserdata(T, 1 + i);
    task_inherit(child, parent);
    child->parent = parent;
    task_begin(child, parent->budget);
  }
  return task_await(T, task_joined, n);
}

void task_log_failure(lua_State *T, int status, void *ctx) {
  (void)ctx;
  if (status == LUA_OK || status == TASK_STOPPED) return; /* the latter was told */
  char *text = task_source_scrub(T, task_error_text(T, status));
  const char *id = task_request_id(task_running(T));
  log_event(LOG_ERROR, "task_failed", "error", text ? text : NO_MEMORY, *id ? "request_id" : NULL,
            id, NULL);
  free(text);
}

/* task.spawn(fn, …): runs fn beside the caller; its error goes to the log. Does not yield. */
static int task_spawn(lua_State *T) {
  luaL_checktype(T, 1, LUA_TFUNCTION);
  task_source_push_kept(T);
  lua_insert(T, 1);
  struct task *t = task_start(T, lua_gettop(T) - 2, task_log_failure, NULL);
  task_source_set(T, t);
  return 0;
}

/* task.deadline() -> when this request's time is over, in seconds of clock.monotonic |
 * nil. Does not yield. */
static int task_time_over(lua_State *T) {
  const struct task *t = task_running(T);
  if (!t || t->deadline == TASK_NO_DEADLINE) {
    lua_pushnil(T);
  } else {
    lua_pushnumber(T, (lua_Number)t->deadline / 1e3);
  }
  return 1;
}

/* task.limit(seconds): this task's time is over then, if not before;
 * so is that of the tasks it starts from now on. */
static int task_limit(lua_State *T) {
  lua_Number seconds = luaL_checknumber(T, 1);
  luaL_argcheck(T, seconds >= 0 && seconds < 1e9, 1, "not a duration in seconds");
  struct task *t = task_current(T);
  uint64_t deadline = virtual_monotonic(t->context.vm) / 1000000 + (uint64_t)(seconds * 1000);
  if (deadline < t->deadline) t->deadline = deadline;
  return 0;
}

/* task.name(id): what its log lines call this task, and those it starts: the request's id. */
static int task_name(lua_State *T) {
  size_t len;
  const char *id = luaL_checklstring(T, 1, &len);
  luaL_argcheck(T, len <= REQUEST_ID_MAX, 1, "longer than 128 bytes");
  for (size_t i = 0; i < len; i++)
    luaL_argcheck(T, id[i] > ' ' && id[i] < 0x7f && id[i] != '"' && id[i] != '\\', 1, "not an id");
  task_set_request_id(task_current(T), id, len);
  return 0;
}

static const luaL_Reg functions[] = {
    {"after", task_after}, {"all", task_all},   {"deadline", task_time_over},
    {"limit", task_limit}, {"name", task_name}, {"spawn", task_spawn},
    {NULL, NULL},
};

int luaopen_task(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
