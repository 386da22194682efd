/* SPDX-License-Identifier: MIT */
/*
 * Generations: a vm, the handler in it, the requests that began on it. A state is never closed from
 * inside one of its own tasks: the timer does it, in a round of its own.
 */
#include "generation.h"

#include "background.h"
#include "guard.h"
#include "request.h"
#include "versions.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct generation {
  struct vm *vm;
  struct version *version;
  int handler; /* registry reference */
  char *methods;
  struct request_list open;
  uv_timer_t timer; /* ends a retired one: when it is idle, or when its time is over */
  bool retired;
  void (*on_idle)(void *ctx), (*on_gone)(void *ctx);
  void *idle_ctx, *gone_ctx;
};

struct load {
  struct generation *generation;
  const char *handler;
};

/* show_tracebacks, and reload.header: answers name the version */
static void read_config(lua_State *L, struct generation *g) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "config");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "show_tracebacks");
  g->open.show_tracebacks = lua_toboolean(L, -1);
  lua_getfield(L, -2, "reload");
  lua_getfield(L, -1, "header");
  if (lua_toboolean(L, -1))
    snprintf(g->open.generation, sizeof g->open.generation, "%u", g->version->number);
  lua_pop(L, 4);
}

/* routing.lua says it of the routes that it has compiled, if this handler has any. */
static void read_methods(lua_State *L, struct generation *g) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "routing");
  lua_call(L, 1, 1);
  if (lua_getfield(L, -1, "methods") == LUA_TSTRING) g->methods = strdup(lua_tostring(L, -1));
  lua_pop(L, 2);
}

static int load_handler(lua_State *L) {
  struct load *load = lua_touserdata(L, 1);
  read_config(L, load->generation);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "answer");
  lua_call(L, 1, 1);
  lua_getglobal(L, "require");
  lua_pushstring(L, load->handler);
  lua_call(L, 1, 1);
  if (!lua_isfunction(L, -1))
    luaL_error(L, "%s must return a function of a request", load->handler);
  lua_call(L, 1, 1);
  load->generation->handler = luaL_ref(L, LUA_REGISTRYINDEX);
  read_methods(L, load->generation);
  return 0;
}

static void on_time(uv_timer_t *timer) {
  generation_close(timer->data);
}

static void on_idle(struct vm *vm) {
  struct generation *g = vm->host;
  if (g->on_idle) g->on_idle(g->idle_ctx);
  if (!g->retired || vm->tasks) return;
  if (vm->background && vm->phase != VM_LAST)
    background_tell(vm, VM_LAST);
  else if (!vm->background)
    uv_timer_start(&g->timer, on_time, 0, 0); /* a task's end is still on the stack */
}

int generation_open(const struct vm_settings *from, const char *handler, struct version *version,
                    struct generation **out, char **problem) {
  struct generation *g = calloc(1, sizeof *g);
  struct vm_settings settings = *from;
  *problem = NULL;
  settings.set = version->set;
  int err = g ? vm_open(&g->vm, &settings, problem) : UV_ENOMEM;
  if (err) {
    free(g);
    atomic_fetch_sub(&version->states, 1);
    return err;
  }
  g->version = version;
  g->open.in_flight = &version->in_flight;
  g->vm->host = g;
  g->vm->on_idle = on_idle;
  uv_timer_init(settings.loop, &g->timer);
  g->timer.data = g;
  struct load load = {g, handler};
  lua_pushcfunction(g->vm->L, load_handler);
  lua_pushlightuserdata(g->vm->L, &load);
  if (guard_pcall(g->vm->L, 1, 0) == LUA_OK) {
    *out = g;
    return 0;
  }
  *problem = strdup(guard_error_text(g->vm->L));
  generation_close(g);
  return UV_EINVAL;
}

int generation_start_jobs(struct generation *g) {
  return background_start(g->vm);
}

const char *generation_methods(const struct generation *g) {
  return g->methods;
}

void generation_request(struct generation *g, struct exchange *e) {
  request_start(g->vm, g->handler, e, &g->open);
}

bool generation_is_idle(const struct generation *g) {
  return g->vm->tasks == 0;
}

bool generation_has_jobs(const struct generation *g) {
  return g->vm->background > 0;
}

void generation_drain(struct generation *g, void (*when_idle)(void *ctx), void *ctx) {
  g->on_idle = when_idle;
  g->idle_ctx = ctx;
  background_tell(g->vm, VM_DRAINING);
}

void generation_finish(struct generation *g) {
  if (g->vm->phase != VM_LAST) background_tell(g->vm, VM_LAST);
}

void generation_retire(struct generation *g, uint64_t drain_ms, void (*on_gone)(void *ctx),
                       void *ctx) {
  g->retired = true;
  g->on_gone = on_gone;
  g->gone_ctx = ctx;
  background_tell(g->vm, VM_DRAINING);
  uv_timer_start(&g->timer, on_time, drain_ms, 0);
  on_idle(g->vm);
}

static void on_timer_closed(uv_handle_t *handle) {
  struct generation *g = handle->data;
  free(g->methods);
  free(g);
}

void generation_close(struct generation *g) {
  void (*on_gone)(void *) = g->on_gone;
  void *ctx = g->gone_ctx;
  request_end_all(&g->open);
  atomic_fetch_sub(&g->version->states, 1);
  vm_close(g->vm);
  uv_close((uv_handle_t *)&g->timer, on_timer_closed);
  if (on_gone) on_gone(ctx);
}
