/* SPDX-License-Identifier: MIT */
/*
 * How tasks end that were stopped for a limit: all of a budget together. None is resumed again and
 * none of their Lua runs, no __close either; what they await is cancelled, and the collector
 * releases the rest. And how failures are told.
 */
#include "budget.h"
#include "guard.h"
#include "task_after.h"
#include "task_state.h"
#include "trail.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* From here on nothing wakes it and nothing points to it but its anchor. */
static void halt(struct task *t) {
  if (t->state == READY || t->state == WOKEN) task_dequeue(t);
  if (t->state == AWAITING && t->cancel) t->cancel(t->op);
  t->cancel = NULL;
  t->state = ENDED;
}

/* Its memory may go after this: a root's with its anchor. */
static void bury(struct task *t) {
  struct vm *vm = t->context.vm;
  struct task *parent = t->parent;
  unsigned left = task_finish(t, TASK_STOPPED);
  if (t->on_end) t->on_end(t->T, TASK_STOPPED, t->ctx);
  if (parent && --parent->pending == 0) task_wake(parent);
  if (t->anchor == LUA_NOREF) return;
  luaL_unref(vm->L, LUA_REGISTRYINDEX, t->anchor);
  if (left == 0 && vm->on_idle) vm->on_idle(vm);
}

static struct task *oldest(const struct budget *b) {
  struct task *t = b->first;
  while (t && t->budget_next) t = t->budget_next;
  return t;
}

/* Children first: they live on the stacks of their parents. */
static struct task *next_to_bury(const struct budget *b) {
  struct task *t = b->first;
  while (t && t->anchor != LUA_NOREF) t = t->budget_next;
  return t ? t : b->first;
}

void task_end_budget(struct budget *b, enum limit limit) {
  struct task *root = oldest(b);
  if (!root) {
    budget_rest(b);
    return;
  }
  lua_State *L = root->context.vm->L;
  task_after_drop(root->context.vm, b);
  bool waits = limit == LIMIT_WALL_TIME;
  guard_report(root->context.vm->guard, limit, root->request_id, waits ? root->T : NULL);
  for (struct task *t = b->first; t; t = t->budget_next) halt(t);
  for (unsigned left = b->tasks; left > 0; left--) bury(next_to_bury(b)); /* b goes with the last */
  lua_gc(L, LUA_GCCOLLECT); /* what they held is released now, their calls and timers too */
}

void task_stop(struct task *t, enum limit limit) {
  struct guard *g = t->context.vm->guard;
  if (!guard_knows_where(g)) guard_note(g, t->T);
  for (const struct task *p = t->parent; p; p = p->parent) guard_note(g, p->T);
  if (t->budget) {
    task_end_budget(t->budget, limit);
    return;
  }
  guard_report(g, limit, t->request_id, NULL);
  halt(t);
  bury(t);
}

/* --- telling -------------------------------------------------------------------------------- */

struct description {
  lua_State *T;
  char *text;
};

static int describe(lua_State *L) {
  struct description *d = lua_touserdata(L, 1);
  lua_State *T = d->T;
  lua_xmove(T, L, 1);
  if (lua_type(L, -1) == LUA_TSTRING)
    trail_traceback(L, T, 0);
  else
    trail_push_text(L, -1);
  d->text = strdup(lua_tostring(L, -1));
  return 0;
}

char *task_error_text(lua_State *T, int status) {
  lua_State *L = vm_of(T)->L;
  struct description d = {T, NULL};
  if (status == TASK_STOPPED) return strdup(guard_error_text(T));
  lua_pushcfunction(L, describe);
  lua_pushlightuserdata(L, &d);
  if (guard_pcall(L, 1, 0) == LUA_OK) return d.text;
  lua_pop(L, 1);
  return strdup("an error that cannot be shown");
}
