/* SPDX-License-Identifier: MIT */
/* Tasks: their life, the run queue, and the one place that resumes. */
#include "box.h"
#include "budget.h"
#include "guard.h"
#include "task_state.h"
#include "virtual.h"

#include <lauxlib.h>
#include <string.h>

enum { LONG_ROUND = 10 * 1000 * 1000 }; /* nanoseconds */

static void enqueue(struct task *t) {
  struct vm *vm = t->context.vm;
  t->next = NULL;
  *vm->ready_tail = t;
  vm->ready_tail = &t->next;
}

void task_dequeue(struct task *t) {
  struct vm *vm = t->context.vm;
  struct task **at = &vm->round;
  while (*at && *at != t) at = &(*at)->next;
  if (!*at)
    for (at = &vm->ready; *at && *at != t;) at = &(*at)->next;
  if (!*at) return;
  *at = t->next;
  if (vm->ready_tail == &t->next) vm->ready_tail = at;
}

struct task *task_push(lua_State *L, int nargs) {
  struct task *t = lua_newuserdatauv(L, sizeof *t, 2);
  memset(t, 0, sizeof *t);
  t->anchor = LUA_NOREF;
  t->state = READY;
  t->nargs = nargs;
  t->deadline = TASK_NO_DEADLINE;
  luaL_setmetatable(L, TASK);
  t->T = lua_newthread(L);
  t->context = (struct context){vm_of(L), t};
  *(struct context **)lua_getextraspace(t->T) = &t->context;
  lua_setiuservalue(L, -2, 1);
  lua_insert(L, -(nargs + 2));
  if (!lua_checkstack(t->T, nargs + 1)) luaL_error(L, "too many arguments for a task");
  lua_xmove(L, t->T, nargs + 1);
  return t;
}

void task_inherit(struct task *t, const struct task *from) {
  t->deadline = from->deadline;
  t->background = from->background;
  memcpy(t->request_id, from->request_id, sizeof t->request_id);
}

static unsigned *counter_of(struct task *t) {
  struct vm *vm = t->context.vm;
  return t->background ? &vm->background : &vm->tasks;
}

void task_check_room(lua_State *L, const struct budget *b, unsigned n) {
  const struct guard_settings *max = guard_of(L);
  if (b && b->tasks + b->timers + n > max->tasks)
    luaL_error(L, "too many tasks: scripts.tasks is %d", (int)max->tasks);
}

static void join(struct task *t, struct budget *b) {
  t->budget = b;
  t->budget_next = b->first;
  if (b->first) b->first->budget_prev = t;
  b->first = t;
  b->tasks++;
}

static void leave(struct task *t) {
  struct budget *b = t->budget;
  if (t->budget_next) t->budget_next->budget_prev = t->budget_prev;
  *(t->budget_prev ? &t->budget_prev->budget_next : &b->first) = t->budget_next;
  t->budget = NULL;
  if (--b->tasks == 0) budget_rest(b);
}

void task_begin(struct task *t, struct budget *b) {
  if (b) join(t, b);
  ++*counter_of(t);
  enqueue(t);
}

unsigned task_finish(struct task *t, int status) {
  t->state = ENDED;
  t->status = status;
  if (t->budget) leave(t);
  return --*counter_of(t);
}

/* Of the task that starts another; of its own where nobody does. */
static struct budget *budget_for(lua_State *L, const struct task *from) {
  struct budgets *budgets = vm_of(L)->budgets;
  if (!budgets || (from && from->budget)) return from ? from->budget : NULL;
  struct budget *b = budget_new(budgets);
  if (!b) box_no_memory(L);
  return b;
}

struct task *task_start(lua_State *L, int nargs, task_on_end on_end, void *ctx) {
  return task_start_in(L, nargs, on_end, ctx, NULL);
}

struct task *task_start_in(lua_State *L, int nargs, task_on_end on_end, void *ctx,
                           struct budget *b) {
  const struct task *from = task_running(L);
  if (!b) b = budget_for(L, from);
  task_check_room(L, b, 1);
  struct task *t = task_push(L, nargs);
  if (from) task_inherit(t, from);
  if (b && !vm_of(L)->settings.proving && b->wall.at < t->deadline)
    t->deadline = b->wall.at; /* a proof's time may be virtual */
  t->on_end = on_end;
  t->ctx = ctx;
  t->anchor = luaL_ref(L, LUA_REGISTRYINDEX);
  task_begin(t, b);
  return t;
}

static void on_end(struct task *t, int status) {
  struct vm *vm = t->context.vm;
  unsigned left = task_finish(t, status);
  if (t->on_end) t->on_end(t->T, status, t->ctx);
  if (t->parent && --t->parent->pending == 0) task_wake(t->parent);
  if (t->anchor == LUA_NOREF) return;
  if (status != LUA_OK)
    guard_reset_alone(t->T, NULL, t->request_id); /* runs the pending __close of what it held */
  luaL_unref(vm->L, LUA_REGISTRYINDEX, t->anchor);
  if (left == 0 && vm->on_idle) vm->on_idle(vm);
}

/* Made beforehand: where it is needed, no error of memory could be caught. */
static const char yield_message[] =
    "coroutine.yield outside a coroutine: only I/O may leave a task";

void task_prepare(lua_State *L) {
  lua_pushstring(L, yield_message);
  lua_rawsetp(L, LUA_REGISTRYINDEX, yield_message);
}

static void resume(struct task *t) {
  int results = 0, nargs = t->nargs;
  struct guard *guard = t->context.vm->guard;
  struct guard_frame frame;
  t->nargs = 0;
  t->state = RUNNING;
  guard_enter(guard, &frame, t->T, t->budget);
  int status = lua_resume(t->T, NULL, nargs, &results);
  enum limit limit = guard_leave(guard);
  if (limit && status != LUA_OK) {
    task_stop(t, limit);
  } else if (status != LUA_YIELD) {
    if (status != LUA_OK && lua_gettop(t->T) == 0) lua_pushnil(t->T);
    on_end(t, status);
  } else if (t->state == RUNNING) { /* a script's own coroutine.yield, with nobody to resume it */
    lua_settop(t->T, 0);
    lua_rawgetp(t->T, LUA_REGISTRYINDEX, yield_message);
    on_end(t, LUA_ERRRUN);
  }
}

/* What has come takes turns with what is left of the round before. */
static void begin_round(struct vm *vm) {
  struct task *come = vm->ready, *left = vm->round, **end = &vm->round;
  while (come && left) {
    struct task *first = come, *second = left;
    come = first->next;
    left = second->next;
    *end = first;
    first->next = second;
    end = &second->next;
  }
  *end = come ? come : left;
  vm->ready = NULL;
  vm->ready_tail = &vm->ready;
}

/* One round: what is woken meanwhile waits for the next, and so does the rest of a long one:
 * I/O is never starved. */
static void run(struct vm *vm) {
  begin_round(vm);
  if (!vm->round) return;
  uint64_t until = uv_hrtime() + LONG_ROUND;
  do {
    struct task *t = vm->round;
    vm->round = t->next;
    resume(t);
  } while (vm->round && uv_hrtime() < until);
}

static void on_busy(uv_idle_t *h) {
  (void)h;
}

static void run_and_rest(struct vm *vm) {
  run(vm);
  if (!vm->ready && !vm->round) virtual_step(vm);
  if (vm->ready || vm->round)
    uv_idle_start(&vm->busy, on_busy);
  else
    uv_idle_stop(&vm->busy);
}

static void on_prepare(uv_prepare_t *h) {
  run_and_rest(h->data);
}

static void on_check(uv_check_t *h) {
  run_and_rest(h->data);
}

void task_queue_open(struct vm *vm) {
  vm->ready_tail = &vm->ready;
  vm->before_poll.data = vm->after_poll.data = vm->busy.data = vm;
  vm->handles = 3;
  uv_prepare_init(vm->settings.loop, &vm->before_poll); /* none of these fails on an open loop */
  uv_check_init(vm->settings.loop, &vm->after_poll);
  uv_idle_init(vm->settings.loop, &vm->busy);
  uv_prepare_start(&vm->before_poll, on_prepare);
  uv_check_start(&vm->after_poll, on_check);
}

void task_queue_close(struct vm *vm) {
  uv_prepare_stop(&vm->before_poll);
  uv_check_stop(&vm->after_poll);
  uv_idle_stop(&vm->busy);
}

struct task *task_running(lua_State *T) {
  return (*(struct context **)lua_getextraspace(T))->task;
}

lua_State *task_thread(const struct task *t) {
  return t->T;
}

struct task *task_current(lua_State *T) {
  struct task *t = task_running(T);
  if (!t || t->T != T || t->state != RUNNING || !lua_isyieldable(T))
    luaL_error(T, "this waits for I/O, which only a task can: not a script's top level, not a "
                  "coroutine of its own");
  return t;
}

int task_await(lua_State *T, lua_KFunction k, lua_KContext ctx) {
  struct task *t = task_current(T);
  t->state = AWAITING;
  return lua_yieldk(T, 0, ctx, k);
}

void task_cancel_by(struct task *t, void (*cancel)(void *op), void *op) {
  t->cancel = cancel;
  t->op = op;
}

void task_wake(struct task *t) {
  if (t->state != AWAITING) return;
  t->state = WOKEN;
  t->cancel = NULL;
  enqueue(t);
}

uint64_t task_deadline(const struct task *t) {
  return t->deadline;
}

void task_set_background(struct task *t) {
  if (t->budget) leave(t);
  t->deadline = TASK_NO_DEADLINE;
  --*counter_of(t);
  t->background = true;
  ++*counter_of(t);
}

const char *task_request_id(const struct task *t) {
  return t->request_id;
}

void task_set_request_id(struct task *t, const char *id, size_t len) {
  if (len >= sizeof t->request_id) len = sizeof t->request_id - 1;
  memcpy(t->request_id, id, len);
  t->request_id[len] = '\0';
}
