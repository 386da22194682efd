/* SPDX-License-Identifier: MIT */
/* One task on a loop of its own. The answer to "did it work" is the exit code. */
#include "run.h"

#include "box.h"
#include "client.h"
#include "credentials_host.h"
#include "log.h"
#include "server_config.h"
#include "task.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

struct run {
  const struct run_settings *settings;
  struct vm *vm;
  struct credentials_host credentials;
  int exit_code;
};

static void print_error(const char *text) {
  fprintf(stderr, "usher: %s\n", text);
}

/* 0 unless it says otherwise: false, or a number; one that no process can exit
 * with is a failure. */
static int exit_code_at(lua_State *T, int index) {
  if (lua_type(T, index) != LUA_TNUMBER)
    return lua_type(T, index) == LUA_TBOOLEAN && !lua_toboolean(T, index);
  lua_Integer code = lua_tointeger(T, index);
  return lua_isinteger(T, index) && code >= 0 && code <= 255 ? (int)code : 1;
}

static void on_end(lua_State *T, int status, void *ctx) {
  struct run *run = ctx;
  run->exit_code = status == LUA_OK ? exit_code_at(T, 1) : 1;
  if (status == LUA_OK) return;
  char *text = task_error_text(T, status);
  print_error(text ? text : NO_MEMORY);
  free(text);
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

/* The settings say how to fetch: config.http, as for serve. */
static int open_client(struct run *run, char **problem) {
  struct server_config config;
  struct vm_settings *vm = &run->vm->settings;
  int err = server_config_read(run->vm, &config, problem);
  if (!err) log_set_level((enum log_level)config.log_level);
  if (!err) err = client_open(vm->loop, &config.client, &vm->client);
  if (err) return err;
  err = credentials_host_open(&run->credentials, vm->loop, vm->client, &config);
  if (err) client_close(vm->client);
  return err;
}

static void run_in(struct run *run, uv_loop_t *loop) {
  char *problem = NULL;
  struct vm_settings vm = {
      .loop = loop,
      .scripts = run->settings->scripts,
      .config_path = run->settings->config_path,
      .config_over = run->settings->config_over,
      .trusted = true,
      .lenient = !run->settings->strict,
  };
  int err = vm_open(&run->vm, &vm, &problem);
  if (err) goto fail;
  err = open_client(run, &problem);
  if (err) goto fail_vm;
  if (run->settings->quiet) log_set_level(LOG_ERROR);
  lua_State *L = run->vm->L;
  lua_pushcfunction(L, start);
  lua_pushlightuserdata(L, run);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK) {
    print_error(vm_error_text(L));
  } else {
    run->vm->on_idle = on_idle;
    uv_run(loop, UV_RUN_DEFAULT);
  }
  credentials_host_close(&run->credentials);
  client_close(run->vm->settings.client);
  vm_close(run->vm);
  return;
fail_vm:
  vm_close(run->vm);
fail:
  if (run->settings->problem && problem) {
    *run->settings->problem = problem;
    return;
  }
  print_error(problem ? problem : uv_strerror(err));
  free(problem);
}

int run_script(const struct run_settings *settings) {
  uv_loop_t loop;
  struct run run = {.settings = settings, .exit_code = 1};
  int err = uv_loop_init(&loop);
  if (err) {
    print_error(uv_strerror(err));
    return 1;
  }
  run_in(&run, &loop);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
  return run.exit_code;
}
