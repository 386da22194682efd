/* SPDX-License-Identifier: MIT */
/* Lua's `json` module. Reading is jansson's (strict, UTF-8, no NUL); its tree lives only inside json_decode, which converts
 * it in a protected call, so that a Lua state out of memory does not keep it. Writing is json_encode.c. */
#include "guard.h"
#include "json_encode.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <lauxlib.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { DECODE_DEPTH = 32, ENCODE_DEPTH = 128, MOST_DEPTH = 512, DECODE_SIZE = 16 << 20 };
enum { NULL_UPVALUE = 1, ARRAY_UPVALUE = 2 }; /* of every function here */
enum { NULL_INDEX = 1, ARRAY_INDEX = 2 };     /* on the stack of a protected call */

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

/* --- decode ------------------------------------------------------------------------------------- */

/* A tree takes up to fifty times the memory of its text, and Lua does not see it. What this thread's may still take: */
static _Thread_local size_t room = SIZE_MAX;

static void *take_room(size_t size) {
  if (size > room) {
    room = 0;
    return NULL;
  }
  if (room != SIZE_MAX) room -= size;
  return malloc(size);
}

static void limit_trees(void) {
  json_set_alloc_funcs(take_room, free);
}

static bool push_tree(lua_State *L, json_t *node, int depth);

static bool push_object(lua_State *L, json_t *node, int depth) {
  guard_check(L);
  size_t size = json_object_size(node);
  lua_createtable(L, 0, size < INT_MAX ? (int)size : INT_MAX);
  for (void *at = json_object_iter(node); at; at = json_object_iter_next(node, at)) {
    lua_pushlstring(L, json_object_iter_key(at), json_object_iter_key_len(at));
    if (!push_tree(L, json_object_iter_value(at), depth)) return false;
    lua_rawset(L, -3);
  }
  return true;
}

static bool push_array(lua_State *L, json_t *node, int depth) {
  guard_check(L);
  size_t size = json_array_size(node);
  lua_createtable(L, size < INT_MAX ? (int)size : INT_MAX, 0);
  lua_pushvalue(L, ARRAY_INDEX);
  lua_setmetatable(L, -2);
  for (size_t i = 0; i < size; i++) {
    if (!push_tree(L, json_array_get(node, i), depth)) return false;
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return true;
}

/* False, and the stack in disorder, when there are more than depth levels. */
static bool push_tree(lua_State *L, json_t *node, int depth) {
  luaL_checkstack(L, 4, "json");
  switch (json_typeof(node)) {
  case JSON_OBJECT: return depth > 0 && push_object(L, node, depth - 1);
  case JSON_ARRAY: return depth > 0 && push_array(L, node, depth - 1);
  case JSON_STRING: lua_pushlstring(L, json_string_value(node), json_string_length(node)); break;
  case JSON_INTEGER: lua_pushinteger(L, json_integer_value(node)); break;
  case JSON_REAL: lua_pushnumber(L, json_real_value(node)); break;
  case JSON_TRUE: lua_pushboolean(L, true); break;
  case JSON_FALSE: lua_pushboolean(L, false); break;
  case JSON_NULL: lua_pushvalue(L, NULL_INDEX); break;
  }
  return true;
}

/* protected; stack: null, array_mt, tree, depth -> value | nothing, when it is too deep */
static int decode_tree(lua_State *L) {
  return push_tree(L, lua_touserdata(L, 3), (int)lua_tointeger(L, 4));
}

/* Integers that do not fit get ".0", so that jansson reads them as floats, as Lua itself would. NULL: out of memory. */
static char *widen_integers(const char *text, size_t len, size_t *out_len) {
  char *out = malloc(len + len / 10 + 16), *to = out; /* 19 digits at least for two more bytes */
  if (!out) return NULL;
  bool quoted = false;
  for (size_t i = 0; i < len; i++) {
    *to++ = text[i];
    if (quoted && text[i] == '\\' && i + 1 < len)
      *to++ = text[++i];
    else if (text[i] == '"')
      quoted = !quoted;
    bool starts = !quoted && isdigit((unsigned char)text[i]) &&
                  (i == 0 || !isdigit((unsigned char)text[i - 1]));
    if (!starts) continue;
    size_t stop = i + 1;
    while (stop < len && isdigit((unsigned char)text[stop])) *to++ = text[stop++];
    bool fraction = i > 0 && (strchr(".eE+", text[i - 1]) != NULL);
    bool whole = stop == len || !strchr(".eE", text[stop]);
    if (!fraction && whole && stop - i >= 19) to = memcpy(to, ".0", 2), to += 2;
    i = stop - 1;
  }
  *out_len = (size_t)(to - out);
  return out;
}

static json_t *parse(const char *text, size_t len, size_t flags, json_error_t *error) {
  json_t *tree = json_loadb(text, len, flags | JSON_DECODE_ANY, error);
  if (tree || json_error_code(error) != json_error_numeric_overflow) return tree;
  size_t wide_len;
  char *wide = widen_integers(text, len, &wide_len);
  if (!wide) return NULL;
  tree = json_loadb(wide, wide_len, flags | JSON_DECODE_ANY, error);
  free(wide);
  return tree;
}

static json_t *parse_in_room(lua_State *L, const char *text, size_t len, size_t flags,
                             json_error_t *error) {
  const struct guard_settings *max = guard_of(L);
  room = max ? max->request_memory : SIZE_MAX;
  json_t *tree = parse(text, len, flags, error);
  bool refused = room == 0;
  room = SIZE_MAX;
  if (!tree && refused) luaL_error(L, "json.decode: not enough memory (scripts.request_memory)");
  return tree;
}

static int push_problem(lua_State *L, json_error_t *error) {
  char *near = strstr(error->text, " near "); /* a piece of the text follows: it may be a secret */
  if (near) *near = '\0';
  lua_pushnil(L);
  lua_pushfstring(L, "%s at byte %d", error->text, error->position);
  return 2;
}

/* json.decode(text[, {unique=false, depth=32, size=16777216}]) -> value | nil, message */
static int json_decode(lua_State *L) {
  size_t len;
  json_error_t error;
  const char *text = luaL_checklstring(L, 1, &len);
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TTABLE);
  size_t flags = option_boolean(L, "unique") ? JSON_REJECT_DUPLICATES : 0;
  lua_Integer depth = option_integer(L, "depth", DECODE_DEPTH, MOST_DEPTH);
  lua_Integer size = option_integer(L, "size", DECODE_SIZE, LUA_MAXINTEGER);
  luaL_checkstack(L, 6, "json");
  if (len > (size_t)size) {
    lua_pushnil(L);
    lua_pushfstring(L, "longer than %I bytes", size);
    return 2;
  }
  const char *nul = memchr(text, '\0', len); /* jansson passes over one at the end */
  if (nul) {
    lua_pushnil(L);
    lua_pushfstring(L, "NUL at byte %d", (int)(nul - text));
    return 2;
  }
  json_t *tree =
      parse_in_room(L, text, len, flags, &error); /* nothing may raise until it is freed */
  if (!tree) return push_problem(L, &error);
  lua_pushcfunction(L, decode_tree);
  lua_pushvalue(L, lua_upvalueindex(NULL_UPVALUE));
  lua_pushvalue(L, lua_upvalueindex(ARRAY_UPVALUE));
  lua_pushlightuserdata(L, tree);
  lua_pushinteger(L, depth);
  int top = lua_gettop(L) - 5;
  int status = lua_pcall(L, 4, LUA_MULTRET, 0);
  json_decref(tree);
  if (status) return lua_error(L);
  if (lua_gettop(L) > top) return 1;
  lua_pushnil(L);
  lua_pushfstring(L, "nested deeper than %I levels", depth);
  return 2;
}

/* --- encode ------------------------------------------------------------------------------------- */

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

/* --- arrays ------------------------------------------------------------------------------------- */

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

/* json.is_array(value) -> whether it is written as a list: marked, or a sequence that is not empty */
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
    {"decode", json_decode},
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
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, limit_trees);
  luaL_newlibtable(L, functions);
  push_null(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "null");
  luaL_newmetatable(L, JSON_ARRAY_MT);
  /* stack: module, null, the arrays' metatable */
  luaL_setfuncs(L, functions, 2);
  return 1;
}
