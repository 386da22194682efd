/* SPDX-License-Identifier: MIT */
/* Lua's `reload` module, for the admin listener: asking for a reload or a rollback,
 * and what there is to know. */
#include "box.h"
#include "host.h"
#include "reload.h"
#include "task.h"

#include <lauxlib.h>
#include <stdlib.h>

#define CALL "usher.reload"

struct call {
  struct reload_call base; /* first: on_answer gets it */
  struct reload *reload;   /* NULL once it was answered */
  struct task *task;
};

static struct reload *check_reload(lua_State *L) {
  struct reload *reload = vm_of(L)->settings.reload;
  if (!reload) luaL_error(L, "only a server can be reloaded");
  return reload;
}

static void on_answer(struct reload_call *base) {
  struct call *call = (struct call *)base;
  call->reload = NULL;
  task_wake(call->task);
}

static void forget(void *ctx) {
  struct call *call = ctx;
  if (call->reload) reload_forget(call->reload, &call->base);
  call->reload = NULL;
}

static int call_gc(lua_State *L) {
  struct call *call = luaL_checkudata(L, 1, CALL);
  forget(call);
  free(call->base.message);
  call->base.message = NULL;
  return 0;
}

static int answered(lua_State *T, int status, lua_KContext ctx) {
  (void)status, (void)ctx;
  struct call *call = luaL_checkudata(T, -1, CALL);
  lua_pushboolean(T, call->base.ok);
  lua_pushstring(T, call->base.message ? call->base.message : NO_MEMORY);
  return 2;
}

static int ask(lua_State *T, int number) {
  struct reload *reload = check_reload(T);
  struct task *task = task_current(T);
  struct worker *worker = vm_of(T)->settings.worker;
  struct call *call = lua_newuserdatauv(T, sizeof *call, 0);
  *call = (struct call){.base = {.worker = worker, .number = number, .on_answer = on_answer},
                        .task = task};
  luaL_setmetatable(T, CALL);
  if (reload_call(reload, &call->base)) return box_no_memory(T);
  call->reload = reload;
  task_cancel_by(task, forget, call);
  return task_await(T, answered, 0);
}

/* reload.now() -> ok, what happened. Yields until every worker has swapped,
 * or the set was refused. */
static int reload_lua_now(lua_State *T) {
  lua_settop(T, 0);
  return ask(T, -1);
}

/* reload.rollback([number]) -> ok, what happened. number: of a kept version;
 * without it, the one before. Yields. */
static int reload_lua_rollback(lua_State *T) {
  lua_Integer number = luaL_optinteger(T, 1, 0);
  luaL_argcheck(T, number >= 0 && number < 1000000000, 1, "not a version's number");
  lua_settop(T, 0);
  return ask(T, (int)number);
}

/* reload.status() -> JSON text: current, older, last_refusal; nil where nothing can be
 * reloaded. Does not yield. */
static int reload_lua_status(lua_State *L) {
  struct bytes text = {0};
  struct reload *reload = vm_of(L)->settings.reload;
  if (!reload) return 0;
  if (versions_status(reload_versions(reload), &text)) {
    bytes_free(&text);
    return box_no_memory(L);
  }
  lua_pushlstring(L, text.data, text.len);
  bytes_free(&text);
  return 1;
}

/* reload.refusal() -> why the files as they are were refused | nil: they serve. Does not yield. */
static int reload_lua_refusal(lua_State *L) {
  struct bytes text = {0};
  struct reload *reload = vm_of(L)->settings.reload;
  if (!reload || versions_standing(reload_versions(reload), &text) || !text.len) return 0;
  lua_pushlstring(L, text.data, text.len);
  bytes_free(&text);
  return 1;
}

static const luaL_Reg functions[] = {
    {"now", reload_lua_now},
    {"rollback", reload_lua_rollback},
    {"refusal", reload_lua_refusal},
    {"status", reload_lua_status},
    {NULL, NULL},
};

int luaopen_reload(lua_State *L);
int luaopen_reload(lua_State *L) {
  box_type(L, CALL, call_gc, NULL);
  luaL_newlib(L, functions);
  return 1;
}
