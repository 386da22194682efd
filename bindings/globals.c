/* SPDX-License-Identifier: MIT */
/* The sandbox of scripts. What a flow may have is a list, so that a new Lua adds
 * nothing by itself. */
#include "globals.h"

#include "view.h"
#include "vm_state.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

int luaopen_globals(lua_State *L);

#define ENVIRONMENT "usher.environment"
#define METATABLES  "usher.metatables" /* those that scripts have set; weak */

/* --- functions that a flow has in place of Lua's -------------------------------------------- */

/* A finalizer runs where no limit holds. Lua looks for it here and only here:
 * one that comes later is never called. */
static int flow_setmetatable(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
  lua_settop(L, 2);
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "this table's metatable is protected");
  if (lua_istable(L, 2)) {
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL)
      return luaL_error(L, "a script's metatable has no __gc: use __close, or release it in words");
    luaL_getsubtable(L, LUA_REGISTRYINDEX, METATABLES);
    lua_pushvalue(L, 2);
    lua_pushboolean(L, true);
    lua_rawset(L, -3);
    lua_settop(L, 2);
  }
  lua_setmetatable(L, 1);
  return 1;
}

/* A script sees the metatables that scripts have set, and of all others only that there is one. */
static int flow_getmetatable(lua_State *L) {
  luaL_checkany(L, 1);
  if (!lua_getmetatable(L, 1)) {
    lua_pushnil(L);
    return 1;
  }
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return 1;
  luaL_getsubtable(L, LUA_REGISTRYINDEX, METATABLES);
  lua_pushvalue(L, -2);
  if (lua_rawget(L, -2) == LUA_TNIL)
    lua_pushstring(L, luaL_typename(L, 1));
  else
    lua_pushvalue(L, -3);
  return 1;
}

/* What usher gives is in the table behind the one that a script holds. */
static int flow_rawget(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  view_see_through(L, 1);
  lua_rawget(L, 1);
  return 1;
}

static int flow_rawset(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
    return luaL_error(L, "rawset: this table is read-only");
  lua_rawset(L, 1);
  return 1;
}

static int flow_collectgarbage(lua_State *L) {
  if (strcmp(luaL_optstring(L, 1, "collect"), "count") != 0)
    return luaL_error(L, "collectgarbage: a script can ask for \"count\" only");
  lua_pushnumber(L,
                 (lua_Number)lua_gc(L, LUA_GCCOUNT) + (lua_Number)lua_gc(L, LUA_GCCOUNTB) / 1024);
  return 1;
}

/* Standard output may belong to the metrics: what a flow prints is a line of the log. */
static int flow_print(lua_State *L) {
  luaL_Buffer b;
  int n = lua_gettop(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "log");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "info");
  lua_pushliteral(L, "print");
  lua_createtable(L, 0, 1);
  luaL_buffinit(L, &b);
  for (int i = 1; i <= n; i++) {
    if (i > 1) luaL_addchar(&b, '\t');
    luaL_tolstring(L, i, NULL);
    luaL_addvalue(&b);
  }
  luaL_pushresult(&b);
  lua_setfield(L, -2, "text");
  lua_call(L, 2, 0);
  return 0;
}

static const luaL_Reg flow_functions[] = {
    {"collectgarbage", flow_collectgarbage},
    {"getmetatable", flow_getmetatable},
    {"print", flow_print},
    {"rawget", flow_rawget},
    {"rawset", flow_rawset},
    {"setmetatable", flow_setmetatable},
    {NULL, NULL},
};

/* --- the environment ------------------------------------------------------------------------ */

/* Lua's own that a flow gets as they are. */
static const char *const flow_base[] = {
    "assert", "error",    "ipairs",   "next", "pairs",  "pcall",    "rawequal", "rawlen",
    "select", "tonumber", "tostring", "type", "xpcall", "_VERSION", NULL,
};

/* names: those of the library that a flow has; NULL: all of it */
static const struct {
  const char *library, *const *names;
} flow_libraries[] = {
    {"coroutine", (const char *const[]){"close", "create", "isyieldable", "resume", "status",
                                        "wrap", "yield", NULL}}, /* not running: a task's own */
    {"debug", (const char *const[]){"traceback", NULL}},
    {"math", NULL},
    {"os", (const char *const[]){"clock", "date", "difftime", "time", NULL}},
    {"string", NULL},
    {"table", NULL},
    {"utf8", NULL},
};

/* stack: …, to, from -> the same */
static void copy_names(lua_State *L, const char *const *names) {
  for (; *names; names++) {
    lua_getfield(L, -1, *names);
    lua_setfield(L, -3, *names);
  }
}

/* stack: …, to, from, key, value -> …, to, from, key */
static void copy_pair(lua_State *L) {
  lua_pushvalue(L, -2);
  lua_insert(L, -2);
  lua_rawset(L, -5);
}

/* stack: …, to, from -> the same */
static void copy_all(lua_State *L) {
  for (lua_pushnil(L); lua_next(L, -2);) copy_pair(L);
}

/* stack: names -> the same, with one more library */
static void add_library(lua_State *L, const char *library, const char *const *names) {
  lua_newtable(L);
  lua_getglobal(L, library);
  if (names)
    copy_names(L, names);
  else
    copy_all(L);
  lua_pop(L, 1);
  view_push(L, library);
  lua_setfield(L, -2, library);
}

/* What a flow would reach without naming it: a text's methods, and what require remembers. */
static void forget_hidden_ways(lua_State *L) {
  lua_getglobal(L, "string");
  lua_pushnil(L);
  lua_setfield(L, -2, "dump"); /* bytecode */
  lua_newtable(L);
  lua_pushglobaltable(L);
  lua_setfield(L, -2, LUA_GNAME); /* no module's name; tracebacks find names of functions there */
  lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pop(L, 1);
}

/* stack: -> table of what a flow can name */
static void push_flow_names(lua_State *L) {
  lua_newtable(L);
  lua_pushglobaltable(L);
  copy_names(L, flow_base);
  lua_pop(L, 1);
  luaL_setfuncs(L, flow_functions, 0);
  for (size_t i = 0; i < sizeof flow_libraries / sizeof *flow_libraries; i++)
    add_library(L, flow_libraries[i].library, flow_libraries[i].names);
}

static int environment_newindex(lua_State *L) {
  return luaL_error(
      L, "the global '%s' cannot be set: scripts share nothing that way; is a 'local' missing?",
      luaL_tolstring(L, 2, NULL));
}

static int environment_undeclared(lua_State *L) {
  return luaL_error(L, "there is no global '%s': is it misspelt, or is a 'local' missing?",
                    luaL_tolstring(L, 2, NULL));
}

/* What the environment reads from says no to a name that it does not have. stack:
 * names -> the same */
static void make_strict(lua_State *L) {
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, environment_undeclared);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "read-only _G");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
}

/* stack: names -> the environment, which reads from them */
static void make_environment(lua_State *L) {
  make_strict(L);
  view_push_new(L, "_G", environment_newindex);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "_G");
  lua_remove(L, -2);
}

static void push_trusted_names(lua_State *L) {
  lua_newtable(L);
  lua_pushglobaltable(L);
  copy_all(L);
  lua_pop(L, 1);
}

void globals_install(lua_State *L) {
  bool trusted = vm_of(L)->settings.trusted;
  int require = lua_gettop(L);
  vm_make_weak_table(L, METATABLES);
  if (!trusted) forget_hidden_ways(L);
  if (trusted)
    push_trusted_names(L);
  else
    push_flow_names(L);
  lua_pushvalue(L, require);
  lua_setfield(L, -2, "require");
  make_environment(L);
  lua_setfield(L, LUA_REGISTRYINDEX, ENVIRONMENT);
  lua_pop(L, 1);
}

static void push_script_environment(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, ENVIRONMENT);
}

void globals_confine(lua_State *L) {
  push_script_environment(L);
  if (!lua_setupvalue(L, -2, 1)) lua_pop(L, 1);
}

/* globals.environment() -> what scripts have as _ENV; its require is theirs. Does not yield. */
static int globals_environment(lua_State *L) {
  push_script_environment(L);
  return 1;
}

/* globals.flow() -> what a flow has as _ENV, also where scripts have more;
 * a new one, without require. Does not yield. */
static int globals_flow(lua_State *L) {
  push_flow_names(L);
  make_environment(L);
  return 1;
}

static const luaL_Reg functions[] = {
    {"environment", globals_environment},
    {"flow", globals_flow},
    {NULL, NULL},
};

int luaopen_globals(lua_State *L) {
  luaL_newlib(L, functions);
  return 1;
}
