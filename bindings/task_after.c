/* SPDX-License-Identifier: MIT */
/*
 * task.after: an alarm whose box, with the function, is anchored in the registry until it rings.
 * The box's __gc closes the alarm, so that nothing is left when a state is closed.
 */
#include "task_after.h"

#include "box.h"
#include "budget.h"
#include "guard.h"
#include "log.h"
#include "task.h"
#include "task_source.h"
#include "task_state.h"
#include "virtual.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define TIMER "usher.after"

/* Of one generation on one worker: their alarms are not Lua's memory. */
enum { TIMERS_MAX = 10000 };

struct after {
  struct alarm alarm; /* first: freed in its close callback */
  struct after *prev, *next;
  int anchor;
  struct budget *budget;               /* of whoever asked for it; NULL: nobody counts */
  char request_id[REQUEST_ID_MAX + 1]; /* of the task that asked for it */
};

static void on_closed(uv_handle_t *h) {
  free(h);
}

static int after_gc(lua_State *L) {
  struct after **box = luaL_checkudata(L, 1, TIMER), *a = *box;
  *box = NULL;
  if (!a) return 0;
  struct vm *vm = a->alarm.vm;
  if (a->next) a->next->prev = a->prev;
  *(a->prev ? &a->prev->next : &vm->timers) = a->next;
  vm->timer_count--;
  if (a->budget) budget_drop_timer(a->budget);
  alarm_close(&a->alarm, on_closed);
  return 0;
}

/* stack: timer -> timer, whom it works for, the function; the timer is gone */
static void take(lua_State *L, struct after *a) {
  int anchor = a->anchor;
  lua_rawgeti(L, LUA_REGISTRYINDEX, anchor);
  luaL_unref(L, LUA_REGISTRYINDEX, anchor);
  lua_pushcfunction(L, after_gc);
  lua_pushvalue(L, 2);
  lua_call(L, 1, 0);
  lua_getiuservalue(L, 2, 2);
  lua_getiuservalue(L, 2, 1);
  lua_remove(L, 2);
}

struct ringing {
  struct after *after;
  struct budget *budget;
};

static int start(lua_State *L) {
  char id[sizeof((struct after *)0)->request_id];
  struct ringing *r = lua_touserdata(L, 1);
  memcpy(id, r->after->request_id, sizeof id);
  take(L, r->after);
  struct task *task = task_start_in(L, 0, task_log_failure, NULL, r->budget);
  task_set_request_id(task, id, strlen(id));
  lua_pushvalue(L, 2);
  task_source_set(L, task);
  return 0;
}

static void on_ring(struct alarm *alarm) {
  lua_State *L = alarm->vm->L;
  struct ringing r = {(struct after *)alarm, ((struct after *)alarm)->budget};
  r.after->budget = NULL;
  if (r.budget) budget_ring(r.budget);
  lua_pushcfunction(L, start);
  lua_pushlightuserdata(L, &r);
  if (guard_pcall(L, 1, 0) == LUA_OK) return;
  if (r.budget && !r.budget->tasks) budget_rest(r.budget);
  log_event(LOG_ERROR, "task_failed", "error", guard_error_text(L), NULL);
  lua_pop(L, 1);
}

/* task.after(seconds, fn): runs fn as a task of its own that much later, if this generation of
 * scripts still serves then. Its error goes to the log. Does not yield. */
int task_after(lua_State *L) {
  lua_Number seconds = luaL_checknumber(L, 1);
  luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 1, "not a duration in seconds");
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  struct vm *vm = vm_of(L);
  if (vm->phase != VM_SERVING) return 0;
  if (vm->timer_count >= TIMERS_MAX) return luaL_error(L, "more than %d timers wait", TIMERS_MAX);
  const struct task *task = task_running(L);
  struct budget *budget = task ? task->budget : NULL;
  task_check_room(L, budget, 1);
  struct after **box = lua_newuserdatauv(L, sizeof *box, 2);
  *box = NULL;
  luaL_setmetatable(L, TIMER);
  task_source_push_kept(L);
  lua_setiuservalue(L, 3, 2);
  lua_insert(L, 2);
  lua_setiuservalue(L, 2, 1);
  int anchor = luaL_ref(L, LUA_REGISTRYINDEX);
  struct after *a = *box = calloc(1, sizeof *a);
  if (!a) {
    luaL_unref(L, LUA_REGISTRYINDEX, anchor);
    return box_no_memory(L);
  }
  a->anchor = anchor;
  if (task) strcpy(a->request_id, task_request_id(task));
  a->next = vm->timers;
  if (a->next) a->next->prev = a;
  vm->timers = a;
  vm->timer_count++;
  a->budget = budget;
  if (budget) budget->timers++;
  alarm_init(&a->alarm, vm);
  alarm_start(&a->alarm, seconds, on_ring);
  return 0;
}

void task_after_prepare(lua_State *L) {
  box_type(L, TIMER, after_gc, NULL);
}

/* Their boxes go at the next collection. */
void task_after_drop(struct vm *vm, const struct budget *b) {
  for (struct after *a = vm->timers; a; a = a->next) {
    if (a->budget != b) continue;
    alarm_stop(&a->alarm);
    luaL_unref(vm->L, LUA_REGISTRYINDEX, a->anchor);
  }
}

/* The boxes stay until the state is closed, which is soon. */
void task_after_stop(struct vm *vm) {
  for (struct after *a = vm->timers; a; a = a->next) alarm_stop(&a->alarm);
}
