/* SPDX-License-Identifier: MIT */
/*
 * Lua's `background_wait` module: the sleep of a job, which the process's end cuts short, and one
 * run of it, which has limits of its own. background.lua has the loop. A waiter lives as long as
 * its timer; its box on the job's stack ends it when the state is closed half way.
 */
#include "background.h"

#include "box.h"
#include "log.h"
#include "task.h"
#include "task_after.h"

#include <lauxlib.h>
#include <stdlib.h>

#define WAITER  "usher.background_waiter"
#define ATTEMPT "usher.background_attempt"

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

/* background_wait.wait(seconds, phase) -> "serving" | "draining" | "last": what the process does
 * now. Returns at once when that is not the given phase, or becomes another. Yields. */
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
  if (!w) return box_no_memory(T);
  *w = (struct waiter){.task = task, .vm = vm, .next = vm->waiters};
  if (w->next) w->next->prev = w;
  vm->waiters = *box = w;
  uv_timer_init(vm->settings.loop, &w->timer);
  uint64_t ms = (int)vm->phase == phase ? (uint64_t)(seconds * 1000 + 0.5) : 0;
  uv_timer_start(&w->timer, on_time, ms, 0);
  return task_await(T, background_waited, 0);
}

/* --- one run --------------------------------------------------------------------------------- */

struct attempt { /* freed by the last of its box and its task */
  struct task *waiting;
  bool running, boxed, ok;
  char *problem;
};

static void free_attempt(struct attempt *a) {
  if (a->running || a->boxed) return;
  free(a->problem);
  free(a);
}

static int attempt_gc(lua_State *L) {
  struct attempt **box = luaL_checkudata(L, 1, ATTEMPT), *a = *box;
  *box = NULL;
  if (!a) return 0;
  a->boxed = false;
  a->waiting = NULL;
  free_attempt(a);
  return 0;
}

static void on_attempt_end(lua_State *T, int status, void *ctx) {
  struct attempt *a = ctx;
  a->running = false;
  a->ok = status == LUA_OK;
  if (!a->ok) a->problem = task_error_text(T, status);
  if (a->waiting) task_wake(a->waiting);
  free_attempt(a);
}

/* stack: box */
static int background_attempted(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  struct attempt *a = *(struct attempt **)luaL_checkudata(T, 1, ATTEMPT);
  lua_pushboolean(T, a->ok);
  if (a->ok) return 1;
  lua_pushstring(T, a->problem ? a->problem : NO_MEMORY);
  return 2;
}

/* background_wait.attempt(fn) -> true | false, what went wrong:
 * runs fn as a task that has limits of its own. Yields. */
static int background_attempt(lua_State *T) {
  luaL_checktype(T, 1, LUA_TFUNCTION);
  lua_settop(T, 1);
  struct task *task = task_current(T);
  struct attempt **box = lua_newuserdatauv(T, sizeof *box, 0);
  *box = NULL;
  luaL_setmetatable(T, ATTEMPT);
  lua_insert(T, 1);
  struct attempt *a = *box = calloc(1, sizeof **box);
  if (!a) return box_no_memory(T);
  a->boxed = true;
  task_start(T, 0, on_attempt_end, a);
  a->running = true;
  a->waiting = task;
  return task_await(T, background_attempted, 0);
}

/* --- from outside ---------------------------------------------------------------------------- */

void background_tell(struct vm *vm, enum vm_phase phase) {
  vm->phase = phase;
  if (phase != VM_SERVING) task_after_stop(vm);
  for (struct waiter *w = vm->waiters; w; w = w->next) task_wake(w->task);
}

static void on_end(lua_State *T, int status, void *ctx) {
  (void)ctx;
  if (status == LUA_OK) return;
  char *problem = task_error_text(T, status);
  log_event(LOG_ERROR, "background_ended", "error", problem ? problem : NO_MEMORY, NULL);
  free(problem);
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
  log_event(LOG_ERROR, "background_failed", "error", vm_error_text(vm->L), NULL);
  lua_pop(vm->L, 1);
  return UV_ENOMEM;
}

static const luaL_Reg functions[] = {
    {"attempt", background_attempt},
    {"wait", background_wait},
    {NULL, NULL},
};

int luaopen_background_wait(lua_State *L);
int luaopen_background_wait(lua_State *L) {
  box_type(L, WAITER, waiter_gc, NULL);
  box_type(L, ATTEMPT, attempt_gc, NULL);
  luaL_newlib(L, functions);
  return 1;
}
