/* SPDX-License-Identifier: MIT */
/* Makes and ends Lua states: libraries, modules, settings. */
#include "vm.h"

#include "budget.h"
#include "embedded.h"
#include "globals.h"
#include "guard.h"
#include "modules.h"
#include "script_set.h"
#include "secret_handle.h"
#include "task.h"
#include "task_after.h"
#include "trail.h"
#include "virtual.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* stack: sources list -> the same, with one more {name, text} */
static void push_source(lua_State *L, const char *name, const char *text, size_t len) {
  lua_createtable(L, 2, 0);
  lua_pushstring(L, name);
  lua_rawseti(L, -2, 1);
  lua_pushlstring(L, text, len);
  lua_rawseti(L, -2, 2);
  lua_rawseti(L, -2, luaL_len(L, -2) + 1);
}

static void push_sources(lua_State *L, const struct vm_settings *s) {
  const struct embedded_file *defaults = embedded_find("config/usher.lua");
  lua_newtable(L);
  push_source(L, defaults->path, defaults->data, (size_t)(defaults->end - defaults->data));
  if (s->config_under) push_source(L, "usher dev", s->config_under, strlen(s->config_under));
  const struct script_file *config = script_set_config(vm_of(L)->set);
  if (config) push_source(L, config->path, config->data, config->len);
  if (s->config_over) push_source(L, "command line", s->config_over, strlen(s->config_over));
  lua_pushboolean(L, s->lenient);
  lua_setfield(L, -2, "lenient");
  lua_pushboolean(L, s->tolerant);
  lua_setfield(L, -2, "tolerant");
}

/* stack: list of strings -> one string, a line each */
static void join_lines(lua_State *L) {
  luaL_Buffer b;
  int list = lua_gettop(L), n = (int)luaL_len(L, list);
  luaL_buffinit(L, &b);
  for (int i = 1; i <= n; i++) {
    if (i > 1) luaL_addchar(&b, '\n');
    lua_rawgeti(L, list, i);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
}

static void load_config(lua_State *L, const struct vm_settings *s) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "settings");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "load");
  push_sources(L, s);
  lua_call(L, 1, 2);
  if (lua_isnil(L, -2)) {
    join_lines(L);
    lua_error(L);
  }
  lua_pop(L, 1);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_insert(L, -2);
  lua_setfield(L, -2, "config");
  lua_settop(L, 0);
}

static int prepare(lua_State *L) {
  struct vm *vm = lua_touserdata(L, 1);
  luaL_openlibs(L);
  task_prepare(L);
  task_after_prepare(L);
  trail_prepare(L);
  guard_install(L);
  modules_install(L);
  modules_push_require(L, !vm->settings.trusted);
  globals_install(L); /* whatever replaces a function of Lua's stands before this */
  luaL_requiref(L, "secret", luaopen_secret,
                0); /* its metatable must be there before any handle is pushed */
  lua_settop(L, 0);
  load_config(L, &vm->settings);
  guard_configure(L);
  return 0;
}

static int on_panic(lua_State *L) {
  const char *message = lua_tostring(L, -1);
  fprintf(stderr, "usher: Lua error outside protection: %s\n", message ? message : "?");
  return 0; /* Lua aborts */
}

static int read_links(lua_State *L) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "config");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "reload");
  lua_getfield(L, -1, "links");
  return 1;
}

/* The settings are read without the scripts. */
static bool links_may_lead_out(const struct vm_settings *settings) {
  struct vm_settings probe = *settings;
  struct vm *vm;
  char *problem;
  probe.set = NULL;
  probe.scripts = NULL;
  probe.tolerant = probe.lenient = true;
  bool may = false;
  if (vm_open(&vm, &probe, &problem) == 0) {
    lua_pushcfunction(vm->L, read_links);
    may = lua_pcall(vm->L, 0, 1, 0) == LUA_OK && lua_toboolean(vm->L, -1);
    vm_close(vm);
  }
  free(problem);
  return may;
}

int vm_read_set(const struct vm_settings *s, struct script_set **set, char **problem) {
  int err = script_set_read(s->scripts, s->config_path, false, set, problem);
  if (err != UV_ELOOP || !links_may_lead_out(s)) return err;
  free(*problem);
  return script_set_read(s->scripts, s->config_path, true, set, problem);
}

static int take_set(struct vm *vm, char **problem) {
  const struct vm_settings *s = &vm->settings;
  if (!s->set) return vm_read_set(s, &vm->set, problem);
  vm->set = script_set_ref(s->set);
  return 0;
}

int vm_open(struct vm **out, const struct vm_settings *settings, char **problem) {
  int err = UV_ENOMEM;
  struct vm *vm = calloc(1, sizeof *vm);
  struct context *context = calloc(1, sizeof *context);
  lua_State *L = NULL;
  *problem = NULL;
  if (!vm || !context) goto fail;
  vm->settings = *settings;
  err = guard_new(!settings->trusted, &vm->guard);
  if (err) goto fail;
  err = UV_ENOMEM;
  L = lua_newstate(guard_alloc, vm->guard);
  if (!L) goto fail;
  err = take_set(vm, problem);
  if (err) goto fail;
  lua_atpanic(L, on_panic);
  *context = (struct context){vm, NULL};
  *(struct context **)lua_getextraspace(L) = context;
  vm->L = L;
  vm->dead.vm = vm;
  task_queue_open(vm);
  lua_pushcfunction(L, prepare);
  lua_pushlightuserdata(L, vm);
  if (guard_pcall(L, 1, 0) != LUA_OK) {
    *problem = strdup(guard_error_text(L));
    vm_close(vm);
    return UV_EINVAL;
  }
  err = settings->trusted ? 0 : budgets_open(vm, &vm->budgets);
  if (err) {
    vm_close(vm);
    return err;
  }
  *out = vm;
  return 0;
fail:
  if (L) lua_close(L);
  guard_free(vm ? vm->guard : NULL);
  free(context);
  free(vm);
  return err;
}

static void on_handle_closed(uv_handle_t *h) {
  struct vm *vm = h->data;
  if (--vm->handles == 0) free(vm);
}

void vm_close(struct vm *vm) {
  struct context *context = *(struct context **)lua_getextraspace(vm->L);
  task_queue_close(vm);
  lua_close(vm->L);
  virtual_close(vm);
  budgets_close(vm->budgets);
  guard_free(vm->guard);
  script_set_unref(vm->set);
  free(context);
  uv_close((uv_handle_t *)&vm->before_poll, on_handle_closed);
  uv_close((uv_handle_t *)&vm->after_poll, on_handle_closed);
  uv_close((uv_handle_t *)&vm->busy, on_handle_closed);
}
