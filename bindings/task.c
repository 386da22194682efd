/* SPDX-License-Identifier: MIT */
/*
 * Tasks: the run queue, the one place that resumes, and Lua's `task` module.
 * A task's memory is a userdata that lives at the bottom of its own coroutine's anchor in the registry (roots) or on
 * its parent's stack (children of task.all), so that nothing leaks when a state is closed half way.
 */
#include "task.h"

#include "log.h"
#include "virtual.h"

#include <lauxlib.h>
#include <string.h>

enum state { READY, RUNNING, AWAITING, WOKEN, ENDED };

struct task {
  struct context context; /* first: the coroutine's extra space points here */
  lua_State *T;
  struct task *next; /* in the run queue */
  struct task *parent;
  enum state state;
  bool background; /* of a job: vm->background counts it */
  int nargs;
  int anchor;       /* registry reference of a root, LUA_NOREF for a child */
  unsigned pending; /* children that have not ended */
  int status;
  uint64_t deadline;
  task_on_end on_end;
  void *ctx;
  char request_id[129];
};

#define TASK "usher.task"

static void enqueue(struct task *t) {
  struct vm *vm = t->context.vm;
  t->next = NULL;
  *vm->ready_tail = t;
  vm->ready_tail = &t->next;
}

/* stack: …, function, nargs arguments -> …, task userdata (its user value is the coroutine) */
static struct task *task_push(lua_State *L, int nargs) {
  struct task *t = lua_newuserdatauv(L, sizeof *t, 1);
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

static void inherit(struct task *t, const struct task *from) {
  if (!from) return;
  t->deadline = from->deadline;
  t->background = from->background;
  memcpy(t->request_id, from->request_id, sizeof t->request_id);
}

static unsigned *counter_of(struct task *t) {
  struct vm *vm = t->context.vm;
  return t->background ? &vm->background : &vm->tasks;
}

struct task *task_start(lua_State *L, int nargs, task_on_end on_end, void *ctx) {
  struct task *t = task_push(L, nargs);
  inherit(t, task_running(L));
  t->on_end = on_end;
  t->ctx = ctx;
  t->anchor = luaL_ref(L, LUA_REGISTRYINDEX);
  ++*counter_of(t);
  enqueue(t);
  return t;
}

static void on_end(struct task *t, int status) {
  struct vm *vm = t->context.vm;
  t->state = ENDED;
  t->status = status;
  unsigned left = --*counter_of(t);
  if (t->on_end) t->on_end(t->T, status, t->ctx);
  if (t->parent && --t->parent->pending == 0) task_wake(t->parent);
  if (t->anchor == LUA_NOREF) return;
  if (status != LUA_OK) lua_resetthread(t->T); /* runs the pending __close of what it held */
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
  t->nargs = 0;
  t->state = RUNNING;
  int status = lua_resume(t->T, NULL, nargs, &results);
  if (status != LUA_YIELD) {
    if (status != LUA_OK && lua_gettop(t->T) == 0) lua_pushnil(t->T);
    on_end(t, status);
  } else if (t->state == RUNNING) { /* a script's own coroutine.yield, with nobody to resume it */
    lua_settop(t->T, 0);
    lua_rawgetp(t->T, LUA_REGISTRYINDEX, yield_message);
    on_end(t, LUA_ERRRUN);
  }
}

/* One round: what is woken meanwhile waits for the next, so that I/O is never starved. */
static void run(struct vm *vm) {
  struct task *t = vm->ready;
  vm->ready = NULL;
  vm->ready_tail = &vm->ready;
  while (t) {
    struct task *next = t->next;
    resume(t);
    t = next;
  }
}

static void on_busy(uv_idle_t *h) {
  (void)h;
}

static void run_and_rest(struct vm *vm) {
  run(vm);
  if (!vm->ready) virtual_step(vm);
  if (vm->ready)
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

int task_queue_open(struct vm *vm) {
  vm->ready_tail = &vm->ready;
  vm->before_poll.data = vm->after_poll.data = vm->busy.data = vm;
  uv_prepare_init(vm->settings.loop, &vm->before_poll);
  uv_check_init(vm->settings.loop, &vm->after_poll);
  uv_idle_init(vm->settings.loop, &vm->busy);
  uv_prepare_start(&vm->before_poll, on_prepare);
  return uv_check_start(&vm->after_poll, on_check);
}

void task_queue_close(struct vm *vm) {
  uv_prepare_stop(&vm->before_poll);
  uv_check_stop(&vm->after_poll);
  uv_idle_stop(&vm->busy);
}

struct task *task_running(lua_State *T) {
  return (*(struct context **)lua_getextraspace(T))->task;
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

void task_wake(struct task *t) {
  if (t->state != AWAITING) return;
  t->state = WOKEN;
  enqueue(t);
}

uint64_t task_deadline(const struct task *t) {
  return t->deadline;
}
void task_set_deadline(struct task *t, uint64_t deadline) {
  t->deadline = deadline;
}
void task_set_background(struct task *t) {
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

/* stack: … -> …, the error of a child that has failed: with its traceback when it is a message */
static void push_error_of(lua_State *T, struct task *child) {
  luaL_checkstack(T, 2, NULL);
  if (lua_type(child->T, -1) == LUA_TSTRING) {
    luaL_traceback(T, child->T, lua_tostring(child->T, -1), 0);
  } else {
    lua_xmove(child->T, T, 1);
  }
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
    lua_resetthread(child->T); /* runs the pending __close of what it held */
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

/* task.all{fn, …} -> list of their first results. Waits for all of them; then raises the first error, if any. Yields. */
static int task_all(lua_State *T) {
  luaL_checktype(T, 1, LUA_TTABLE);
  lua_settop(T, 1);
  struct task *parent = task_current(T);
  int n = (int)luaL_len(T, 1);
  luaL_checkstack(T, n + 4, "too many tasks");
  for (int i = 1; i <= n; i++) {
    if (lua_rawgeti(T, 1, i) != LUA_TFUNCTION)
      return luaL_error(T, "task.all: entry %d is not a function", i);
    task_push(T, 0);
  }
  if (n == 0) return task_joined(T, LUA_OK, 0);
  parent->pending = (unsigned)n;
  for (int i = 1; i <= n; i++) {
    struct task *child = lua_touserdata(T, 1 + i);
    inherit(child, parent);
    child->parent = parent;
    ++*counter_of(child);
    enqueue(child);
  }
  return task_await(T, task_joined, n);
}

struct description {
  lua_State *T;
  void (*say)(const char *text);
};

static int describe(lua_State *L) {
  struct description *d = lua_touserdata(L, 1);
  lua_State *T = d->T;
  if (lua_type(T, -1) == LUA_TSTRING) {
    luaL_traceback(L, T, lua_tostring(T, -1), 0);
  } else {
    lua_xmove(T, L, 1);
    luaL_tolstring(L, -1, NULL);
  }
  d->say(lua_tostring(L, -1));
  return 0;
}

void task_describe_error(lua_State *T, void (*say)(const char *text)) {
  lua_State *L = vm_of(T)->L;
  struct description d = {T, say};
  lua_pushcfunction(L, describe);
  lua_pushlightuserdata(L, &d);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return;
  lua_pop(L, 1);
  say("an error that cannot be shown");
}

static void log_failure(const char *text) {
  log_event(LOG_ERROR, "task_failed", "error", text, NULL);
}

static void on_spawned_end(lua_State *T, int status, void *ctx) {
  (void)ctx;
  if (status != LUA_OK) task_describe_error(T, log_failure);
}

/* task.spawn(fn, …): runs fn beside the caller; its error goes to the log. Does not yield. */
static int task_spawn(lua_State *T) {
  luaL_checktype(T, 1, LUA_TFUNCTION);
  task_start(T, lua_gettop(T) - 1, on_spawned_end, NULL);
  return 0;
}

/* task.deadline() -> when this request's time is over, in seconds of clock.monotonic | nil. Does not yield. */
static int task_time_over(lua_State *T) {
  const struct task *t = task_running(T);
  if (!t || t->deadline == TASK_NO_DEADLINE) {
    lua_pushnil(T);
  } else {
    lua_pushnumber(T, (lua_Number)t->deadline / 1e3);
  }
  return 1;
}

/* task.limit(seconds): this task's time is over then, if not before; so is that of the tasks it starts from now on. */
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
  luaL_argcheck(T, len <= 128, 1, "longer than 128 bytes");
  for (size_t i = 0; i < len; i++)
    luaL_argcheck(T, id[i] > ' ' && id[i] < 0x7f && id[i] != '"' && id[i] != '\\', 1, "not an id");
  task_set_request_id(task_current(T), id, len);
  return 0;
}

static const luaL_Reg functions[] = {
    {"all", task_all},   {"deadline", task_time_over}, {"limit", task_limit},
    {"name", task_name}, {"spawn", task_spawn},        {NULL, NULL},
};

int luaopen_task(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
