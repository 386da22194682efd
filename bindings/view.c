/* SPDX-License-Identifier: MIT */
/* The registry remembers the view of each table, so that whoever asks again gets the same one. */
#include "view.h"

#include <lauxlib.h>
#include <stdbool.h>

#define VIEWS "usher.views"

/* upvalue 1: what the table is called */
static int view_newindex(lua_State *L) {
  const char *key = luaL_tolstring(L, 2, NULL);
  return luaL_error(L, "%s.%s cannot be set: what usher gives to scripts is read-only",
                    lua_tostring(L, lua_upvalueindex(1)), key);
}

static int view_next(lua_State *L) {
  lua_settop(L, 2);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_replace(L, 1);
  return lua_next(L, 1) ? 2 : 0;
}

/* upvalue 1: the real table */
static int view_pairs(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushcclosure(L, view_next, 1);
  lua_pushvalue(L, 1);
  return 2;
}

/* stack: …, real, view, metatable -> the same */
static void copy_call(lua_State *L) {
  if (luaL_getmetafield(L, -3, "__call") != LUA_TNIL) lua_setfield(L, -2, "__call");
}

void view_push_new(lua_State *L, const char *name, lua_CFunction newindex) {
  lua_newtable(L);
  lua_createtable(L, 0, 5);
  copy_call(L);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_pushcclosure(L, newindex, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushvalue(L, -3);
  lua_pushcclosure(L, view_pairs, 1);
  lua_setfield(L, -2, "__pairs");
  lua_pushfstring(L, "read-only %s", name);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

static bool could_be_written(lua_State *L) {
  if (!lua_istable(L, -1)) return false;
  if (luaL_getmetafield(L, -1, "__metatable") == LUA_TNIL) return true;
  lua_pop(L, 1);
  return false;
}

void view_push(lua_State *L, const char *name) {
  luaL_checkstack(L, 8, NULL);
  if (!could_be_written(L)) return;
  luaL_getsubtable(L, LUA_REGISTRYINDEX, VIEWS);
  lua_insert(L, -2); /* stack: …, views, real */
  lua_pushvalue(L, -1);
  if (lua_rawget(L, -3) == LUA_TNIL) {
    lua_pop(L, 1);
    view_push_new(L, name, view_newindex);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, -5); /* views[real] = view */
  }
  lua_insert(L, -3);
  lua_pop(L, 2);
}

void view_see_through(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (luaL_getmetafield(L, index, "__pairs") == LUA_TNIL) return;
  bool is_view = lua_tocfunction(L, -1) == view_pairs;
  lua_pop(L, 1);
  if (!is_view) return;
  luaL_getmetafield(L, index, "__index");
  lua_replace(L, index);
}
