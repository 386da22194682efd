/* SPDX-License-Identifier: MIT */
/* Any text as JSON: no crash; and what is taken, and refused, is what Jansson takes and refuses,
 * value for value. */
#include "bytes.h"
#include "guard.h"
#include "json_decode.h"

#include <jansson.h>
#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 200, NULL_VALUE = 1, ARRAY_MT = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What json_decode.c has of the limits of scripts; here are none. */
void guard_check(lua_State *L) {
  (void)L;
}
void guard_check_size(lua_State *L, const char *what, size_t len) {
  (void)L, (void)what, (void)len;
}

static void same(lua_State *L, json_t *node);

static void same_object(lua_State *L, json_t *node) {
  const char *name;
  json_t *value;
  size_t members = 0;
  json_object_foreach(node, name, value) {
    lua_pushlstring(L, name, strlen(name));
    lua_rawget(L, -2);
    same(L, value);
    lua_pop(L, 1);
  }
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) members++;
  if (members != json_object_size(node)) abort();
}

static void same_array(lua_State *L, json_t *node) {
  if (!lua_getmetatable(L, -1) || !lua_rawequal(L, -1, ARRAY_MT)) abort();
  lua_pop(L, 1);
  if (lua_rawlen(L, -1) != json_array_size(node)) abort();
  for (size_t i = 0; i < json_array_size(node); i++) {
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    same(L, json_array_get(node, i));
    lua_pop(L, 1);
  }
}

static bool same_string(lua_State *L, json_t *node) {
  size_t len = 0;
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &len) : NULL;
  return text && len == json_string_length(node) && !memcmp(text, json_string_value(node), len);
}

/* The value at the top. */
static void same(lua_State *L, json_t *node) {
  bool is = false;
  luaL_checkstack(L, 8, "fuzz");
  switch (json_typeof(node)) {
  case JSON_OBJECT: same_object(L, node); return;
  case JSON_ARRAY: same_array(L, node); return;
  case JSON_STRING: is = same_string(L, node); break;
  case JSON_INTEGER:
  case JSON_REAL:
    is = lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) == json_number_value(node);
    break;
  case JSON_TRUE: is = lua_isboolean(L, -1) && lua_toboolean(L, -1); break;
  case JSON_FALSE: is = lua_isboolean(L, -1) && !lua_toboolean(L, -1); break;
  case JSON_NULL: is = lua_rawequal(L, -1, NULL_VALUE); break;
  }
  if (!is) abort();
}

/* stack: json.null, the metatable of arrays, struct slice */
static int compare(lua_State *L) {
  const struct json_options options = {NULL_VALUE, ARRAY_MT, DEPTH, true, false};
  const struct slice *text = lua_touserdata(L, 3);
  bool taken = json_decode(L, text->data, text->len, &options);
  if (!taken && strstr(lua_tostring(L, -1), "nested")) return 0; /* Jansson goes deeper */
  json_t *tree =
      json_loadb(text->data, text->len,
                 JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
  if (taken != (tree != NULL)) abort();
  if (taken) same(L, tree);
  json_decref(tree);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *text = malloc(len + 1);
  memcpy(text, data, len);
  text[len] = '\0';
  struct slice whole = {text, strlen(text)};
  lua_State *L = luaL_newstate();
  lua_pushcfunction(L, compare);
  lua_newuserdatauv(L, 1, 0);
  lua_newtable(L);
  lua_pushlightuserdata(L, &whole);
  if (lua_pcall(L, 3, 0, 0)) abort();
  lua_close(L);
  free(text);
  return 0;
}
