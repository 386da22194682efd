/* SPDX-License-Identifier: MIT */
/*
 * A coroutine that has failed is closed by whoever resumed it, and its stack is gone when the error
 * is told. So its traceback is kept then, with the task, beside the error; and told where that
 * error arrives in the end, as it is or at the end of a longer message.
 */
#include "trail.h"

#include "task.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

int luaopen_trail(lua_State *L);

/* Weak: thread of a task -> list of {error, traceback}, oldest first. */
#define TRAILS "usher.trails"

enum { KEPT = 8, TEXT_MAX = 8192 };

/* stack: … -> …, the thread that stands for L's task */
static void push_task(lua_State *L) {
  struct task *task = task_running(L);
  lua_State *T = task ? task_thread(task) : NULL;
  if (!T) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    return;
  }
  lua_pushthread(T);
  if (T != L) lua_xmove(T, L, 1);
}

/* stack: … -> …, list of the task of T; nil without one */
static void push_list(lua_State *L, lua_State *T) {
  lua_getfield(L, LUA_REGISTRYINDEX, TRAILS);
  if (!lua_checkstack(T, 2)) luaL_error(L, "stack overflow");
  push_task(T);
  if (T != L) lua_xmove(T, L, 1);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

/* stack: …, nil -> …, a new list of L's task */
static void replace_with_list(lua_State *L) {
  lua_pop(L, 1);
  lua_getfield(L, LUA_REGISTRYINDEX, TRAILS);
  lua_newtable(L);
  push_task(L);
  lua_pushvalue(L, -2);
  lua_rawset(L, -4);
  lua_remove(L, -2);
}

/* stack: …, list -> the same, with room for one more */
static lua_Integer make_room(lua_State *L) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
  if (n < KEPT) return n;
  for (lua_Integer i = 1; i < n; i++) {
    lua_rawgeti(L, -1, i + 1);
    lua_rawseti(L, -2, i);
  }
  return n - 1;
}

void trail_note(lua_State *L, lua_State *co) {
  luaL_checkstack(L, 8, NULL);
  if (!lua_checkstack(co, 2)) return;
  push_list(L, L);
  if (lua_isnil(L, -1)) replace_with_list(L);
  lua_Integer n = make_room(L);
  lua_createtable(L, 2, 0);
  lua_pushvalue(co, -1);
  lua_xmove(co, L, 1);
  lua_rawseti(L, -2, 1);
  luaL_traceback(L, co, NULL, 0);
  lua_rawseti(L, -2, 2);
  lua_rawseti(L, -2, n + 1);
  lua_pop(L, 1);
}

/* Is the error at `index`, or the end of it, the one at the top? */
static bool ends_with(lua_State *L, int index) {
  size_t len, end_len;
  if (lua_rawequal(L, index, -1)) return true;
  if (lua_type(L, index) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) return false;
  const char *text = lua_tolstring(L, index, &len), *end = lua_tolstring(L, -1, &end_len);
  return end_len && end_len < len && memcmp(text + len - end_len, end, end_len) == 0;
}

/* stack: …, error, text, list, entry -> …, error, text with the entry's traceback when it is
 * the error's, list */
static void add_entry(lua_State *L, int error) {
  const int text = error + 1;
  lua_rawgeti(L, -1, 1);
  bool same = ends_with(L, error);
  lua_pop(L, 1);
  lua_rawgeti(L, -1, 2);
  if (same && !strstr(lua_tostring(L, text), lua_tostring(L, -1))) {
    lua_pushvalue(L, text);
    lua_pushliteral(L, "\n");
    lua_pushvalue(L, -3);
    lua_concat(L, 3);
    lua_replace(L, text);
  }
  lua_pop(L, 2);
}

void trail_push_text(lua_State *L, int index) {
  size_t len;
  const char *text = luaL_tolstring(L, index, &len);
  if (len <= TEXT_MAX) return;
  size_t kept = TEXT_MAX;
  while (kept && (text[kept] & 0xc0) == 0x80) kept--; /* not within a character */
  lua_pushlstring(L, text, kept);
  lua_pushfstring(L, "... (%I bytes)", (LUAI_UACINT)len);
  lua_concat(L, 2);
  lua_replace(L, -2);
}

void trail_traceback(lua_State *L, lua_State *T, int level) {
  luaL_checkstack(L, 10, NULL);
  int error = lua_gettop(L);
  lua_pushstring(L, lua_type(L, error) == LUA_TSTRING ? "" : "error: ");
  trail_push_text(L, error);
  lua_concat(L, 2);
  push_list(L, T);
  for (lua_Integer i = 1; lua_istable(L, -1) && i <= (lua_Integer)lua_rawlen(L, -1); i++) {
    lua_rawgeti(L, -1, i);
    add_entry(L, error);
  }
  lua_pop(L, 1);
  luaL_traceback(L, T, lua_tostring(L, -1), level);
  lua_replace(L, error);
  lua_settop(L, error);
}

/* trail.traceback(error[, level]) -> text. For xpcall, in place of
 * debug.traceback. Does not yield. */
static int trail_lua_traceback(lua_State *L) {
  int level = (int)luaL_optinteger(L, 2, 1);
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  trail_traceback(L, L, level);
  luaL_gsub(L, lua_tostring(L, -1), "stack traceback:\n\t[C]: in ?\n", "stack traceback:\n");
  return 1;
}

static const luaL_Reg functions[] = {
    {"traceback", trail_lua_traceback},
    {NULL, NULL},
};

int luaopen_trail(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}

void trail_prepare(lua_State *L) {
  vm_make_weak_table(L, TRAILS);
}
