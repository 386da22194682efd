/* SPDX-License-Identifier: MIT */
/*
 * The watchdog's tick is a signal handler on the thread that runs Lua: it sets `stop` and arms the
 * hook of the running coroutine, as lua_sethook allows, again at every tick. The hook yields, which
 * no pcall sees; where Lua cannot yield it raises, at each instruction that is still tried. So
 * there is no other thread and nothing to race with.
 */
#include "guard_state.h"

#include "budget.h"
#include "log.h"
#include "metrics.h"
#include "task.h"
#include "watchdog.h"

#include <lauxlib.h>
#include <stdlib.h>

#define MS 1000000u

/* While the settings themselves are read, which are Lua too. */
static const struct guard_settings before_settings = {.load = 2000ull * MS,
                                                      .memory = 256u << 20,
                                                      .coroutine_depth = 16,
                                                      .pattern_steps = 10000000,
                                                      .string_size = 16u << 20};

static _Thread_local struct {
  _Atomic(struct guard *) active; /* whose slice runs */
  uint64_t last_tick;
} mine;

static atomic_bool ending; /* the process: nobody waits for a proof */

static const char stopped_message[] = "stopped: a script has taken too much";

/* --- the tick and the hook ------------------------------------------------------------------- */

static void on_hook(lua_State *L, lua_Debug *ar);

WATCHDOG_HANDLER static void arm(struct guard *g) {
  struct guard_frame *frame = guard_published(&g->running);
  if (frame) lua_sethook(frame->L, on_hook, LUA_MASKCOUNT, 1);
}

WATCHDOG_HANDLER static enum limit over(const struct guard *g, uint64_t cpu) {
  if (cpu - g->since >= g->slice || (g->proof && atomic_load(&ending))) return g->slice_limit;
  if (g->budget && g->budget->cpu + g->charged >= g->max.cpu)
    return g->slice_limit == LIMIT_LOAD ? LIMIT_LOAD : LIMIT_CPU;
  return LIMIT_NONE;
}

/* A signal handler. */
WATCHDOG_HANDLER static void on_tick(uint64_t cpu) {
  struct guard *g = guard_published(&mine.active);
  uint64_t passed = cpu - mine.last_tick;
  mine.last_tick = cpu;
  if (!g) return;
  g->charged += passed;
  if (!g->since) g->since = cpu;
  if (!g->stop) g->stop = (sig_atomic_t)over(g, cpu);
  if (!g->held && g->max.held && cpu - g->since >= g->max.held) g->held = 1;
  if (g->stop || g->held == 1) arm(g);
}

void guard_end_proofs(void) {
  atomic_store(&ending, true);
}

static void tell_held(struct guard *g) {
  char at[256];
  struct task *task = NULL;
  for (struct guard_frame *f = g->running; f && !task; f = f->outer) task = task_running(f->L);
  g->held = 2;
  guard_note_line(g->running, at, sizeof at);
  log_event(LOG_WARN, "loop_held", "at", at, LOG_NUMBER("cpu_ms", (mine.last_tick - g->since) / MS),
            "request_id", task ? task_request_id(task) : "", "setting", "scripts.held", NULL);
  metrics_count("usher_scripts_held_total", "", 1);
}

static void on_hook(lua_State *L, lua_Debug *ar) {
  (void)ar;
  struct guard *g = guard_in(L);
  if (g->held == 1) tell_held(g);
  if (g->stop)
    guard_stop(L);
  else
    lua_sethook(L, NULL, 0, 0); /* armed for this, or for a slice that has ended meanwhile */
}

int guard_stop(lua_State *L) {
  struct guard *g = guard_in(L);
  if (!*g->where) guard_note_where(g->running, g->where, sizeof g->where);
  lua_sethook(L, on_hook, LUA_MASKCOUNT, 1);
  if (lua_isyieldable(L)) return lua_yield(L, 0);
  luaL_checkstack(L, 1, NULL);
  lua_rawgetp(L, LUA_REGISTRYINDEX, stopped_message);
  return lua_error(L);
}

/* --- slices ---------------------------------------------------------------------------------- */

static void begin(struct guard *g, struct guard_frame *frame, lua_State *T, struct budget *budget) {
  *frame = (struct guard_frame){T, NULL};
  g->budget = budget;
  g->depth = 0;
  g->since = g->charged = 0;
  g->stop = LIMIT_NONE;
  g->held = 0;
  *g->where = '\0';
  guard_memory_enter(g);
  guard_publish(&g->running, frame);
  guard_publish(&mine.active, g);
}

void guard_enter(struct guard *g, struct guard_frame *frame, lua_State *T, struct budget *budget) {
  if (!g->on) return;
  g->slice = g->max.slice;
  g->slice_limit = vm_of(T)->settings.proving ? LIMIT_LOAD : LIMIT_SLICE;
  begin(g, frame, T, budget);
}

enum limit guard_leave(struct guard *g) {
  if (!g->on) return LIMIT_NONE;
  guard_publish(&mine.active, NULL);
  if (g->charged && g->budget) g->budget->cpu += g->charged;
  guard_memory_leave(g);
  guard_publish(&g->running, NULL);
  g->budget = NULL;
  return (enum limit)g->stop;
}

int guard_pcall(lua_State *L, int nargs, int nresults) {
  struct guard *g = guard_in(L);
  struct guard_frame frame;
  if (!g->on) return lua_pcall(L, nargs, nresults, 0);
  g->slice = g->max.load;
  g->slice_limit = LIMIT_LOAD;
  begin(g, &frame, L, NULL);
  g->held = 2;
  int status = lua_pcall(L, nargs, nresults, 0);
  enum limit limit = guard_leave(g);
  lua_sethook(L, NULL, 0, 0);
  if (limit && status != LUA_OK) guard_report(g, limit, "", NULL);
  return status;
}

void guard_check(lua_State *L) {
  struct guard *g = guard_in(L);
  if (g->stop) guard_stop(L);
}

void guard_check_size(lua_State *L, const char *what, size_t len) {
  const struct guard_settings *max = guard_of(L);
  if (max && len > max->string_size) luaL_error(L, "%s: too large (scripts.string_size)", what);
}

bool guard_stopping(lua_State *L) {
  return guard_in(L)->stop != LIMIT_NONE;
}

bool guard_push(lua_State *L, struct guard_frame *frame, lua_State *co) {
  struct guard *g = guard_in(L);
  if (g->depth >= g->max.coroutine_depth) return false;
  g->depth++;
  *frame = (struct guard_frame){co, g->running};
  guard_publish(&g->running, frame);
  return true;
}

void guard_pop(lua_State *L) {
  struct guard *g = guard_in(L);
  g->depth--;
  struct guard_frame *frame = g->running;
  guard_publish(&g->running, frame->outer);
}

int guard_reset(lua_State *L, lua_State *T) {
  struct guard *g = guard_in(L);
  struct guard_frame frame = {T, g->running};
  if (!g->on) return lua_resetthread(T);
  guard_publish(&g->running, &frame);
  int status = lua_resetthread(T);
  guard_publish(&g->running, frame.outer);
  guard_check(L);
  return status;
}

void guard_reset_alone(lua_State *T, struct budget *budget, const char *request_id) {
  struct guard *g = guard_in(T);
  struct guard_frame frame;
  guard_enter(g, &frame, T, budget);
  lua_resetthread(T);
  enum limit limit = guard_leave(g);
  if (limit) guard_report(g, limit, request_id, NULL);
}

/* --- open and close -------------------------------------------------------------------------- */

struct guard *guard_in(lua_State *L) {
  return vm_of(L)->guard;
}

const struct guard_settings *guard_of(lua_State *L) {
  struct guard *g = guard_in(L);
  return g->on ? &g->max : NULL;
}

int guard_new(bool on, struct guard **out) {
  struct guard *g = calloc(1, sizeof *g);
  if (!g) return UV_ENOMEM;
  g->on = on;
  g->max = before_settings;
  g->memory.ceiling = on ? g->max.memory : SIZE_MAX;
  int err = on ? watchdog_open(on_tick) : 0;
  if (err) {
    free(g);
    return err;
  }
  *out = g;
  return 0;
}

void guard_free(struct guard *g) {
  if (!g) return;
  if (g->on) watchdog_close();
  free(g);
}

/* stack: scripts section */
static double setting(lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  double value = luaL_checknumber(L, -1);
  lua_pop(L, 1);
  return value;
}

void guard_configure(lua_State *L) {
  struct guard *g = guard_in(L);
  if (!g->on) return;
  lua_pushstring(L, stopped_message);
  lua_rawsetp(L, LUA_REGISTRYINDEX, stopped_message);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "config");
  lua_getfield(L, -1, "scripts");
  g->max = (struct guard_settings){
      .slice = (uint64_t)(setting(L, "slice") * 1e9),
      .cpu = (uint64_t)(setting(L, "cpu") * 1e9),
      .held = (uint64_t)(setting(L, "held") * 1e9),
      .load = (uint64_t)(setting(L, "load") * 1e9),
      .wall_ms = (uint64_t)(setting(L, "wall_time") * 1e3),
      .pattern_steps = (uint64_t)setting(L, "pattern_steps"),
      .memory = (size_t)setting(L, "memory"),
      .request_memory = (size_t)setting(L, "request_memory"),
      .string_size = (size_t)setting(L, "string_size"),
      .tasks = (unsigned)setting(L, "tasks"),
      .coroutine_depth = (unsigned)setting(L, "coroutine_depth"),
  };
  g->proof = vm_of(L)->settings.proving;
  if (g->proof) { /* everything that it runs is loading */
    g->max.slice = g->max.cpu = g->max.load;
    g->max.held = 0;
  }
  lua_settop(L, 0);
}
