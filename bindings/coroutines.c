/* SPDX-License-Identifier: MIT */
/*
 * Lua's `coroutine` and `xpcall` for scripts. As Lua's own, but that the guard knows which
 * coroutine runs, that there is an end to coroutines inside coroutines, and that nothing of a slice
 * that is being stopped goes on.
 */
#include "coroutines.h"

#include "guard.h"
#include "trail.h"

#include <lauxlib.h>

/* Its extra space says that it was stopped: whoever still holds it cannot resume it. */
static const struct context *dead(lua_State *L) {
  return &vm_of(L)->dead;
}

static struct context **context_of(lua_State *co) {
  return lua_getextraspace(co);
}

static bool was_stopped(lua_State *L, lua_State *co) {
  return *context_of(co) == dead(L);
}

static lua_State *check_coroutine(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  return co;
}

enum status { IS_RUNNING, IS_DEAD, IS_SUSPENDED, IS_NORMAL };
static const char *const names[] = {"running", "dead", "suspended", "normal"};

static enum status status_of(lua_State *L, lua_State *co) {
  lua_Debug ar;
  if (L == co) return IS_RUNNING;
  if (was_stopped(L, co)) return IS_DEAD;
  switch (lua_status(co)) {
  case LUA_YIELD: return IS_SUSPENDED;
  case LUA_OK:
    if (lua_getstack(co, 0, &ar)) return IS_NORMAL;
    return lua_gettop(co) == 0 ? IS_DEAD : IS_SUSPENDED;
  default: return IS_DEAD;
  }
}

/* How many results are on co, then moved to L; -1: an error is on top of L. */
static int resume(lua_State *L, lua_State *co, int nargs) {
  struct guard_frame frame;
  int nresults;
  guard_check(L);
  enum status is = status_of(L, co);
  if (is != IS_SUSPENDED) {
    lua_pushfstring(L, "cannot resume %s coroutine", is == IS_DEAD ? "dead" : "non-suspended");
    return -1;
  }
  if (!lua_checkstack(co, nargs)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  if (!guard_push(L, &frame, co)) {
    lua_pushliteral(L, "too many coroutines inside each other (scripts.coroutine_depth)");
    return -1;
  }
  lua_xmove(L, co, nargs);
  struct context *own = *context_of(co);
  *context_of(co) = *context_of(L); /* what runs in it is the same task's */
  int status = lua_resume(co, L, nargs, &nresults);
  *context_of(co) = own; /* that task may be gone before this coroutine is */
  guard_pop(L);
  if (guard_stopping(L)) {
    *context_of(co) = (struct context *)dead(L);
    return guard_stop(L);
  }
  if (status != LUA_OK && status != LUA_YIELD) {
    trail_note(L, co);
    lua_xmove(co, L, 1);
    return -1;
  }
  if (lua_checkstack(L, nresults + 1)) {
    lua_xmove(co, L, nresults);
    return nresults;
  }
  lua_pop(co, nresults);
  lua_pushliteral(L, "too many results to resume");
  return -1;
}

static int coroutine_resume(lua_State *L) {
  lua_State *co = check_coroutine(L);
  int n = resume(L, co, lua_gettop(L) - 1);
  lua_pushboolean(L, n >= 0);
  if (n < 0) n = 1;
  lua_insert(L, -(n + 1));
  return n + 1;
}

/* stack: …, error -> it is raised, with the place where a message comes from */
static int wrap_failed(lua_State *L, lua_State *co) {
  int status = was_stopped(L, co) ? LUA_OK : lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD) { /* it has failed: its variables are closed */
    lua_xmove(L, co, 1);
    guard_reset(L, co);
    lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int wrapped(lua_State *L) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  int n = resume(L, co, lua_gettop(L));
  return n >= 0 ? n : wrap_failed(L, co);
}

static int coroutine_create(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

static int coroutine_wrap(lua_State *L) {
  coroutine_create(L);
  lua_pushcclosure(L, wrapped, 1);
  return 1;
}

static int coroutine_status(lua_State *L) {
  lua_pushstring(L, names[status_of(L, check_coroutine(L))]);
  return 1;
}

static int coroutine_close(lua_State *L) {
  lua_State *co = check_coroutine(L);
  enum status is = status_of(L, co);
  if (is != IS_DEAD && is != IS_SUSPENDED)
    return luaL_error(L, "cannot close a %s coroutine", names[is]);
  if (was_stopped(L, co)) {
    lua_pushboolean(L, false);
    lua_pushliteral(L, "it was stopped");
    return 2;
  }
  int status = guard_reset(L, co);
  lua_pushboolean(L, status == LUA_OK);
  if (status == LUA_OK) return 1;
  lua_xmove(co, L, 1);
  return 2;
}

/* --- xpcall ---------------------------------------------------------------------------------- */

/* upvalue 1: the script's handler. Not run for what is being stopped:
 * the hook that stops is off in there. */
static int on_error(lua_State *L) {
  lua_settop(L, 1);
  if (guard_stopping(L)) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static int xpcall_ended(lua_State *L, int status, lua_KContext below) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(L) - (int)below;
  guard_check(L);
  lua_pushboolean(L, false);
  lua_pushvalue(L, -2);
  return 2;
}

/* xpcall(f, handler, …). stack: f, handler, arguments… -> f, handler, true, f, arguments… */
static int flow_xpcall(lua_State *L) {
  int n = lua_gettop(L);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, on_error, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, true);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2);
  int status = lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, xpcall_ended);
  return xpcall_ended(L, status, 2);
}

static const luaL_Reg functions[] = {
    {"close", coroutine_close},   {"create", coroutine_create}, {"resume", coroutine_resume},
    {"status", coroutine_status}, {"wrap", coroutine_wrap},     {NULL, NULL},
};

void coroutines_install(lua_State *L) {
  lua_getglobal(L, "coroutine");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
  lua_register(L, "xpcall", flow_xpcall);
}
