/* SPDX-License-Identifier: MIT */
/*
 * Lua's `background_wait` module: the sleep of a job, which the process's end cuts short. background.lua has the loop.
 * A waiter lives as long as its timer; its box on the job's stack ends it when the state is closed half way.
 */
#include "background.h"

#include "log.h"
#include "task.h"

#include <lauxlib.h>
#include <stdlib.h>

#define WAITER "usher.background_waiter"

struct waiter {
  uv_timer_t timer; /* first: freed in its close callback */
  struct task *task;
  struct vm *vm;
  struct waiter *prev, *next;
};

static const char *const phases[] = {"serving", "draining", "last", NULL};

static void on_closed(uv_handle_t *h) {
  free(h);
}

static void on_time(uv_timer_t *timer) {
  task_wake(((struct waiter *)timer)->task);
}

static int waiter_gc(lua_State *L) {
  struct waiter **box = luaL_checkudata(L, 1, WAITER), *w = *box;
  *box = NULL;
  if (!w) return 0;
  if (w->next) w->next->prev = w->prev;
  *(w->prev ? &w->prev->next : &w->vm->waiters) = w->next;
  uv_close((uv_handle_t *)&w->timer, on_closed);
  return 0;
}

/* stack: seconds, phase, box */
static int background_waited(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  lua_pushcfunction(T, waiter_gc);
  lua_pushvalue(T, 3);
  lua_call(T, 1, 0);
  lua_pushstring(T, phases[vm_of(T)->phase]);
  return 1;
}

/* background_wait.wait(seconds, phase) -> "serving" | "draining" | "last": what the process does now. Returns at once when
 * that is not the given phase, or becomes another. Yields. */
static int background_wait(lua_State *T) {
  lua_Number seconds = luaL_checknumber(T, 1);
  luaL_argcheck(T, seconds > 0 && seconds < 1e9, 1, "not a duration in seconds");
  int phase = luaL_checkoption(T, 2, NULL, phases);
  lua_settop(T, 2);
  struct task *task = task_current(T);
  struct vm *vm = vm_of(T);
  struct waiter **box = lua_newuserdatauv(T, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(T, WAITER);
  struct waiter *w = calloc(1, sizeof *w);
  if (!w) return luaL_error(T, "out of memory");
  *w = (struct waiter){.task = task, .vm = vm, .next = vm->waiters};
  if (w->next) w->next->prev = w;
  vm->waiters = *box = w;
  uv_timer_init(vm->settings.loop, &w->timer);
  uint64_t ms = (int)vm->phase == phase ? (uint64_t)(seconds * 1000 + 0.5) : 0;
  uv_timer_start(&w->timer, on_time, ms, 0);
  return task_await(T, background_waited, 0);
}

void background_tell(struct vm *vm, enum vm_phase phase) {
  vm->phase = phase;
  for (struct waiter *w = vm->waiters; w; w = w->next) task_wake(w->task);
}

static void on_end(lua_State *T, int status, void *ctx) {
  (void)ctx;
  const char *problem = lua_type(T, -1) == LUA_TSTRING ? lua_tostring(T, -1) : "error object";
  if (status != LUA_OK) log_event(LOG_ERROR, "background_ended", "error", problem, NULL);
}

static int start(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "background");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "run");
  task_set_background(task_start(L, 0, on_end, NULL));
  return 0;
}

int background_start(struct vm *vm) {
  lua_pushcfunction(vm->L, start);
  if (lua_pcall(vm->L, 0, 0, 0) == LUA_OK) return 0;
  log_event(LOG_ERROR, "background_failed", "error", lua_tostring(vm->L, -1), NULL);
  lua_pop(vm->L, 1);
  return UV_ENOMEM;
}

static const luaL_Reg functions[] = {
    {"wait", background_wait},
    {NULL, NULL},
};

int luaopen_background_wait(lua_State *L);
int luaopen_background_wait(lua_State *L) {
  if (luaL_newmetatable(L, WAITER)) {
    lua_pushcfunction(L, waiter_gc);
    lua_setfield(L, -2, "__gc");
  }
  luaL_newlib(L, functions);
  return 1;
}
