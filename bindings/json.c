/* SPDX-License-Identifier: MIT */
/* Lua's `json` module: its functions and their options. Reading is json_decode.c,
 * writing json_encode.c. */
#include "json_decode.h"
#include "json_encode.h"

#include <lauxlib.h>
#include <string.h>

enum { DECODE_DEPTH = 32, ENCODE_DEPTH = 128, MOST_DEPTH = 512, DECODE_SIZE = 16 << 20 };
enum { NULL_UPVALUE = 1, ARRAY_UPVALUE = 2 }; /* of every function here */

static lua_Integer option_integer(lua_State *L, const char *name, lua_Integer otherwise,
                                  lua_Integer most) {
  if (lua_isnoneornil(L, 2)) return otherwise;
  if (lua_getfield(L, 2, name) == LUA_TNIL) {
    lua_pop(L, 1);
    return otherwise;
  }
  int whole;
  lua_Integer value = lua_tointegerx(L, -1, &whole);
  if (!whole || value < 1 || value > most)
    luaL_error(L, "json: option '%s' is not an integer from 1 to %I", name, most);
  lua_pop(L, 1);
  return value;
}

static bool option_boolean(lua_State *L, const char *name) {
  if (lua_isnoneornil(L, 2)) return false;
  lua_getfield(L, 2, name);
  bool on = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return on;
}

/* --- decode ----------------------------------------------------------------------------------- */

/* json.decode(text[, {unique=false, nul=false, depth=32, size=16777216}])
 * -> value | nil, message */
static int json_decode_text(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  const struct json_options options = {
      .null = lua_upvalueindex(NULL_UPVALUE),
      .array_mt = lua_upvalueindex(ARRAY_UPVALUE),
      .unique = option_boolean(L, "unique"),
      .nul = option_boolean(L, "nul"),
      .depth = (int)option_integer(L, "depth", DECODE_DEPTH, MOST_DEPTH),
  };
  lua_Integer size = option_integer(L, "size", DECODE_SIZE, LUA_MAXINTEGER);
  const char *nul = memchr(text, '\0', len);
  if (len <= (size_t)size && !nul) return json_decode(L, text, len, &options) ? 1 : 2;
  lua_pushnil(L);
  if (nul)
    lua_pushfstring(L, "NUL at byte %d", (int)(nul - text));
  else
    lua_pushfstring(L, "longer than %I bytes", size);
  return 2;
}

/* --- encode ----------------------------------------------------------------------------------- */

/* json.encode(value[, {sorted=false, depth=128}]) -> text. Raises for what cannot be JSON. */
static int json_encode_plain(lua_State *L) {
  luaL_checkany(L, 1);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  struct json_encoder e = {
      .root = json_put_value,
      .value = json_put_value,
      .cannot = "json: cannot encode ",
      .sorted = option_boolean(L, "sorted"),
      .depth = (int)option_integer(L, "depth", ENCODE_DEPTH, MOST_DEPTH),
  };
  return json_encode(L, &e);
}

/* --- arrays ----------------------------------------------------------------------------------- */

/* json.array([table]) -> the same table, or a new one, marked: empty it is [] */
static int json_mark_array(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (lua_getmetatable(L, 1)) {
    bool ours = lua_rawequal(L, -1, lua_upvalueindex(ARRAY_UPVALUE));
    luaL_argcheck(L, ours, 1, "has another metatable");
    lua_pop(L, 1);
    return 1;
  }
  lua_pushvalue(L, lua_upvalueindex(ARRAY_UPVALUE));
  lua_setmetatable(L, 1);
  return 1;
}

/* json.is_array(value) -> whether it is written as a list: marked,
 * or a sequence that is not empty */
static int json_is_array_value(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  lua_pushboolean(L, lua_istable(L, 1) &&
                         json_is_list(L, lua_topointer(L, lua_upvalueindex(ARRAY_UPVALUE))));
  return 1;
}

static int null_tostring(lua_State *L) {
  lua_pushliteral(L, "null");
  return 1;
}

static const luaL_Reg functions[] = {
    {"decode", json_decode_text},
    {"encode", json_encode_plain},
    {"array", json_mark_array},
    {"is_array", json_is_array_value},
    {NULL, NULL},
};

/* Pushes json.null, one for the whole state, made when it is first asked for. */
static void push_null(lua_State *L) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, JSON_NULL_KEY) != LUA_TNIL) return;
  lua_newuserdatauv(L, 0, 0);
  lua_createtable(L, 0, 3);
  lua_pushcfunction(L, null_tostring);
  lua_setfield(L, -2, "__tostring");
  lua_pushliteral(L, "json.null");
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "json.null");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, JSON_NULL_KEY);
  lua_remove(L, -2); /* the nil */
}

int luaopen_json(lua_State *L);
int luaopen_json(lua_State *L) {
  luaL_newlibtable(L, functions);
  push_null(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "null");
  luaL_newmetatable(L, JSON_ARRAY_MT);
  /* stack: module, null, the arrays' metatable */
  luaL_setfuncs(L, functions, 2);
  return 1;
}
