/* SPDX-License-Identifier: MIT */
/* One task on a loop of its own. The answer to "did it work" is the exit code. */
#include "run.h"

#include "client.h"
#include "log.h"
#include "task.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

struct run {
  const struct run_settings *settings;
  struct vm *vm;
  int exit_code;
};

static int push_traceback(lua_State *L) {
  lua_State *T = lua_touserdata(L, 1);
  if (lua_type(T, -1) == LUA_TSTRING) {
    luaL_traceback(L, T, lua_tostring(T, -1), 0);
  } else {
    lua_pushvalue(T, -1);
    lua_xmove(T, L, 1);
    luaL_tolstring(L, -1, NULL);
  }
  fprintf(stderr, "usher: %s\n", lua_tostring(L, -1));
  return 0;
}

static void on_end(lua_State *T, int status, void *ctx) {
  struct run *run = ctx;
  if (status == LUA_OK) {
    if (lua_type(T, 1) == LUA_TNUMBER)
      run->exit_code = (int)lua_tointeger(T, 1);
    else
      run->exit_code = lua_type(T, 1) == LUA_TBOOLEAN && !lua_toboolean(T, 1);
    return;
  }
  run->exit_code = 1;
  lua_State *L = run->vm->L;
  lua_pushcfunction(L, push_traceback);
  lua_pushlightuserdata(L, T);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) fputs("usher: out of memory\n", stderr);
}

static int start(lua_State *L) {
  struct run *run = lua_touserdata(L, 1);
  const struct run_settings *s = run->settings;
  int nargs = 0;
  if (s->module) {
    lua_getglobal(L, "require");
    lua_pushstring(L, s->module);
    lua_call(L, 1, 1);
    luaL_checktype(L, -1, LUA_TFUNCTION);
  } else if (luaL_loadfilex(L, s->file, "t")) {
    return lua_error(L);
  }
  for (; s->args && s->args[nargs]; nargs++) {
    luaL_checkstack(L, 2, "too many arguments");
    lua_pushstring(L, s->args[nargs]);
  }
  task_start(L, nargs, on_end, run);
  return 0;
}

static void on_idle(struct vm *vm) {
  uv_stop(vm->settings.loop);
}

static void run_until_end(struct run *run) {
  run->vm->on_idle = on_idle;
  uv_run(run->vm->settings.loop, UV_RUN_DEFAULT);
}

static void run_in(struct run *run, uv_loop_t *loop, struct client *client) {
  char *problem = NULL;
  struct vm_settings vm = {
      .loop = loop,
      .client = client,
      .scripts = run->settings->scripts,
      .config_path = run->settings->config_path,
      .config_over = run->settings->config_over,
      .trusted = true,
      .lenient = !run->settings->strict,
  };
  if (vm_open(&run->vm, &vm, &problem)) {
    fprintf(stderr, "usher: %s\n", problem ? problem : "out of memory");
    free(problem);
    return;
  }
  lua_State *L = run->vm->L;
  lua_pushcfunction(L, start);
  lua_pushlightuserdata(L, run);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK)
    fprintf(stderr, "usher: %s\n", lua_tostring(L, -1));
  else
    run_until_end(run);
  vm_close(run->vm);
}

int run_script(const struct run_settings *settings) {
  uv_loop_t loop;
  struct run run = {.settings = settings, .exit_code = 1};
  struct client *client;
  if (settings->quiet) log_set_level(LOG_ERROR);
  if (uv_loop_init(&loop)) return 1;
  if (!client_open(&loop, &(struct client_settings){0}, &client)) {
    run_in(&run, &loop, client);
    client_close(client);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  return run.exit_code;
}
