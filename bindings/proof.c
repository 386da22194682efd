/* SPDX-License-Identifier: MIT */
/* Runs bindings/proving.lua as a task of a state that is thrown away afterwards. */
#include "proof.h"

#include "guard.h"
#include "script_set.h"
#include "server_config.h"
#include "task.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define GC_PAUSE 400 /* percent: what is thrown away soon is not swept often */

struct proof {
  struct vm *vm;
  const char *handler;
  bool specs, bad;
  proof_on_end on_end;
  void *ctx;
  struct proof_faults faults;
  uv_timer_t later; /* the state is not closed from inside its own task */
};

void proof_faults_free(struct proof_faults *f) {
  free(f->lines);
  free(f->text);
  free(f->json);
  *f = (struct proof_faults){0};
}

static void on_closed(uv_handle_t *handle) {
  struct proof *p = handle->data;
  proof_faults_free(&p->faults);
  free(p);
}

static void close_proof(struct proof *p) {
  vm_close(p->vm);
  uv_close((uv_handle_t *)&p->later, on_closed);
}

static void on_later(uv_timer_t *timer) {
  struct proof *p = timer->data;
  if (p->on_end) p->on_end(p->ctx, p->bad ? &p->faults : NULL);
  close_proof(p);
}

/* --- the outcome ---------------------------------------------------------------------------- */

/* stack: thread of a task that failed or NULL, what a limit stopped it with or nil -> lines,
 * text, json | nil */
static int written(lua_State *L) {
  lua_State *T = lua_touserdata(L, 1);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "proving");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "written");
  if (lua_isstring(L, 2)) {
    lua_pushnil(L);
    lua_pushvalue(L, 2);
    lua_call(L, 2, 3);
    return 3;
  }
  if (!T) {
    lua_call(L, 0, 3);
    return 3;
  }
  lua_pushvalue(T, -1); /* the error stays where a traceback looks for it */
  lua_pushthread(T);
  lua_xmove(T, L, 2);
  lua_insert(L, -2);
  lua_call(L, 2, 3);
  return 3;
}

static char *copy_at(lua_State *L, int index) {
  return strdup(lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : "");
}

static void read_outcome(struct proof *p, lua_State *T, const char *stopped) {
  lua_State *L = p->vm->L;
  lua_pushcfunction(L, written);
  lua_pushlightuserdata(L, T);
  lua_pushstring(L, stopped);
  bool told = guard_pcall(L, 2, 3) == LUA_OK;
  if (told && lua_isnil(L, -3)) return;
  p->bad = true;
  if (told)
    p->faults = (struct proof_faults){copy_at(L, -3), copy_at(L, -2), copy_at(L, -1)};
  else
    p->faults = (struct proof_faults){copy_at(L, -1), copy_at(L, -1), strdup("[]")};
}

static void on_task_end(lua_State *T, int status, void *ctx) {
  struct proof *p = ctx;
  char *stopped = status == TASK_STOPPED ? task_error_text(T, status) : NULL;
  read_outcome(p, status == LUA_OK ? NULL : T, stopped);
  free(stopped);
  uv_timer_start(&p->later, on_later, 0, 0);
}

/* --- start ---------------------------------------------------------------------------------- */

/* What C reads of the settings, and can find wrong. */
static void push_settings_problem(lua_State *L, struct vm *vm) {
  struct server_config config;
  char *problem = NULL;
  server_config_read(vm, &config, &problem);
  lua_pushstring(L, problem);
  free(problem);
}

/* stack: proof -> … */
static int start_task(lua_State *L) {
  struct proof *p = lua_touserdata(L, 1);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "proving");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "run");
  lua_pushstring(L, p->handler);
  lua_pushboolean(L, p->specs);
  push_settings_problem(L, p->vm);
  task_start(L, 3, on_task_end, p);
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
  settings.proving = settings.tolerant = true;
  int err = vm_open(&p->vm, &settings, problem);
  if (err) {
    free(p);
    return err;
  }
  lua_gc(p->vm->L, LUA_GCINC, GC_PAUSE, 0, 0);
  p->handler = handler;
  p->specs = specs;
  p->on_end = on_end;
  p->ctx = ctx;
  uv_timer_init(settings.loop, &p->later);
  p->later.data = p;
  lua_pushcfunction(p->vm->L, start_task);
  lua_pushlightuserdata(p->vm->L, p);
  if (guard_pcall(p->vm->L, 1, 0) != LUA_OK) {
    *problem = strdup(guard_error_text(p->vm->L));
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

/* --- waiting for it ------------------------------------------------------------------------- */

struct wait {
  uv_loop_t *loop; /* NULL: it does not run yet */
  bool ended, bad;
  struct proof_faults *faults;
};

static void on_waited(void *ctx, struct proof_faults *faults) {
  struct wait *wait = ctx;
  wait->ended = true;
  wait->bad = faults;
  if (wait->loop) uv_stop(wait->loop); /* a timer may say so, and UV_RUN_ONCE would wait for more */
  if (!faults) return;
  *wait->faults = *faults;
  *faults = (struct proof_faults){0};
}

int proof_now(const struct vm_settings *vm, struct script_set *set, const char *handler, bool specs,
              struct proof_faults *faults) {
  struct wait wait = {.faults = faults};
  struct proof *p;
  char *problem;
  *faults = (struct proof_faults){0};
  int err = proof_start(vm, set, handler, specs, on_waited, &wait, &p, &problem);
  if (err) {
    if (problem) *faults = (struct proof_faults){strdup(problem), problem, strdup("[]")};
    return err;
  }
  wait.loop = vm->loop;
  while (!wait.ended) uv_run(wait.loop, UV_RUN_ONCE);
  return wait.bad ? UV_EINVAL : 0;
}
