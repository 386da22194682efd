/* SPDX-License-Identifier: MIT */
/* Runs bindings/proving.lua as a task of a state that is thrown away afterwards. */
#include "proof.h"

#include "bytes.h"
#include "script_set.h"
#include "task.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

struct proof {
  struct vm *vm;
  const char *handler;
  bool specs;
  proof_on_end on_end;
  void *ctx;
  char *problem;
  struct bytes faults; /* of compiling */
  uv_timer_t later;    /* the state is not closed from inside its own task */
};

static void on_closed(uv_handle_t *handle) {
  struct proof *p = handle->data;
  free(p->problem);
  bytes_free(&p->faults);
  free(p);
}

static void close_proof(struct proof *p) {
  vm_close(p->vm);
  uv_close((uv_handle_t *)&p->later, on_closed);
}

static void on_later(uv_timer_t *timer) {
  struct proof *p = timer->data;
  if (p->on_end) p->on_end(p->ctx, p->problem);
  close_proof(p);
}

static int push_problem(lua_State *L) {
  lua_State *T = lua_touserdata(L, 1);
  if (lua_type(T, -1) == LUA_TSTRING) {
    luaL_traceback(L, T, lua_tostring(T, -1), 0);
  } else {
    lua_pushvalue(T, -1);
    lua_xmove(T, L, 1);
    luaL_tolstring(L, -1, NULL);
  }
  return 1;
}

/* proving returns nil, or a text with a line for each fault */
static void on_task_end(lua_State *T, int status, void *ctx) {
  struct proof *p = ctx;
  lua_State *L = p->vm->L;
  if (status == LUA_OK) {
    const char *text = lua_type(T, 1) == LUA_TSTRING ? lua_tostring(T, 1) : NULL;
    p->problem = text ? strdup(text) : NULL;
  } else {
    lua_pushcfunction(L, push_problem);
    lua_pushlightuserdata(L, T);
    p->problem = strdup(lua_pcall(L, 1, 1, 0) == LUA_OK ? lua_tostring(L, -1) : "out of memory");
    lua_pop(L, 1);
  }
  uv_timer_start(&p->later, on_later, 0, 0);
}

static bool is_spec(const char *name) {
  size_t len = strlen(name);
  return len > 9 && strcmp(name + len - 9, "_spec.lua") == 0;
}

/* stack: proving, specs list -> the same; a good spec is added, with globals of its own */
static void compile_one(lua_State *L, const struct script_file *file, bool specs,
                        struct bytes *faults) {
  const char *chunk = lua_pushfstring(L, "@%s", file->path);
  int status = luaL_loadbufferx(L, file->data, file->len, chunk, "t");
  if (status != LUA_OK) {
    const char *fault = lua_tostring(L, -1);
    bytes_printf(faults, "%s%s", faults->len ? "\n" : "", fault ? fault : "out of memory");
  } else if (specs && is_spec(file->name)) {
    lua_getfield(L, 2, "environment");
    lua_call(L, 0, 1);
    lua_setupvalue(L, -2, 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, 3, luaL_len(L, 3) + 1);
  }
  lua_settop(L, 3);
}

/* Every file is compiled, so that all faults of a set are told at once. stack: proof -> … */
static int start_task(lua_State *L) {
  struct proof *p = lua_touserdata(L, 1);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "proving");
  lua_call(L, 1, 1);
  lua_newtable(L);
  for (size_t i = 0; i < script_set_count(p->vm->set); i++)
    compile_one(L, script_set_at(p->vm->set, i), p->specs, &p->faults);
  if (p->faults.len) return luaL_error(L, "%s", p->faults.data);
  lua_getfield(L, 2, "run");
  lua_pushstring(L, p->handler);
  lua_pushvalue(L, 3);
  task_start(L, 2, on_task_end, p);
  return 0;
}

int proof_start(const struct vm_settings *from, struct script_set *set, const char *handler,
                bool specs, proof_on_end on_end, void *ctx, struct proof **out, char **problem) {
  struct proof *p = calloc(1, sizeof *p);
  struct vm_settings settings = *from;
  *problem = NULL;
  if (!p) return UV_ENOMEM;
  settings.set = set;
  settings.client = NULL;
  int err = vm_open(&p->vm, &settings, problem);
  if (err) {
    free(p);
    return err;
  }
  p->handler = handler;
  p->specs = specs;
  p->on_end = on_end;
  p->ctx = ctx;
  uv_timer_init(settings.loop, &p->later);
  p->later.data = p;
  lua_pushcfunction(p->vm->L, start_task);
  lua_pushlightuserdata(p->vm->L, p);
  if (lua_pcall(p->vm->L, 1, 0, 0) != LUA_OK) {
    *problem = strdup(vm_error_text(p->vm->L));
    close_proof(p);
    return UV_EINVAL;
  }
  *out = p;
  return 0;
}

void proof_cancel(struct proof *p) {
  p->on_end = NULL;
  uv_timer_stop(&p->later);
  close_proof(p);
}

struct wait {
  bool ended;
  char *problem;
};

static void on_waited(void *ctx, const char *problem) {
  struct wait *wait = ctx;
  wait->ended = true;
  wait->problem = problem ? strdup(problem) : NULL;
}

int proof_now(const struct vm_settings *vm, struct script_set *set, const char *handler, bool specs,
              char **problem) {
  struct wait wait = {0};
  struct proof *p;
  int err = proof_start(vm, set, handler, specs, on_waited, &wait, &p, problem);
  if (err) return err;
  while (!wait.ended) uv_run(vm->loop, UV_RUN_ONCE);
  *problem = wait.problem;
  return wait.problem ? UV_EINVAL : 0;
}
