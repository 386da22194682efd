/* SPDX-License-Identifier: MIT */
/* Lua's `attribute_encode` module: plain Lua values as the JSON text of DynamoDB's AttributeValue.
 * attribute_value.lua has the other direction, and gives sets, binaries and numbers of many digits,
 * whose metatables are made here, their methods. */
#include "encoding.h"
#include "json_encode.h"

#include <lauxlib.h>
#include <math.h>
#include <string.h>

#define SET    "dynamodb.set"
#define BINARY "dynamodb.binary"
#define NUMBER "dynamodb.number"

enum { MOST_LEVELS = 32 };

#define PUT(L, e, literal) json_put(L, e, literal, sizeof literal - 1)

static json_writer put_attribute;

static bool is(lua_State *L, const char *metatable) {
  luaL_getmetatable(L, metatable);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 1);
  return same;
}

/* stack: …, number. In quotes; there is no -0. */
static void put_digits(lua_State *L, struct json_encoder *e, const struct json_place *at) {
  char text[JSON_DIGITS];
  double size = fabs(lua_tonumber(L, -1));
  if (isfinite(size) && (size >= 1e126 || (size > 0 && size < 1e-130)))
    json_refuse(L, e, at, "a number out of range");
  json_digits(L, e, at, text);
  PUT(L, e, "\"");
  json_put(L, e, size > 0 ? text : "0", size > 0 ? strlen(text) : 1);
  PUT(L, e, "\"");
}

static struct slice field(lua_State *L, const char *name) {
  struct slice s;
  lua_getfield(L, -1, name);
  s.data = lua_tolstring(L, -1, &s.len);
  if (!s.data) luaL_error(L, "dynamodb: a value without its %s", name);
  lua_pop(L, 1); /* its table keeps it */
  return s;
}

static void put_base64(lua_State *L, struct json_encoder *e, struct slice s) {
  luaL_Buffer b;
  size_t len =
      base64_encode(BASE64_PADDED, s.data, s.len, luaL_buffinitsize(L, &b, BASE64_ROOM(s.len)));
  luaL_pushresultsize(&b, len);
  PUT(L, e, "\"");
  json_put(L, e, lua_tostring(L, -1), len);
  PUT(L, e, "\"");
  lua_pop(L, 1);
}

static bool is_binary(lua_State *L) {
  if (!lua_getmetatable(L, -1)) return false;
  bool binary = is(L, BINARY);
  lua_pop(L, 1);
  return binary;
}

/* stack: …, member of a set: a string, a number, a binary or a wide number */
static void put_member(lua_State *L, struct json_encoder *e, const struct json_place *at) {
  struct slice s;
  switch (lua_type(L, -1)) {
  case LUA_TNUMBER: put_digits(L, e, at); break;
  case LUA_TSTRING:
    s.data = lua_tolstring(L, -1, &s.len);
    json_put_string(L, e, s, at);
    break;
  case LUA_TTABLE:
    if (is_binary(L))
      put_base64(L, e, field(L, "bytes"));
    else
      json_put_string(L, e, field(L, "digits"), at);
    break;
  default: json_refuse_type(L, e, at);
  }
}

/* stack: …, set. attribute_value.set has seen that its members are of one kind. */
static void put_set(lua_State *L, struct json_encoder *e, const struct json_place *at) {
  lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
  if (n == 0) json_refuse(L, e, at, "an empty set");
  for (lua_Integer i = 1; i <= n; i++, lua_pop(L, 1)) {
    int type = lua_rawgeti(L, -1, i);
    if (i > 1)
      PUT(L, e, ",");
    else if (type == LUA_TSTRING)
      PUT(L, e, "{\"SS\":[");
    else if (is_binary(L))
      PUT(L, e, "{\"BS\":[");
    else
      PUT(L, e, "{\"NS\":[");
    put_member(L, e, at);
  }
  PUT(L, e, "]}");
}

/* stack: …, table. Whether it is one of ours, and written. */
static bool put_special(lua_State *L, struct json_encoder *e, const struct json_place *at) {
  if (!lua_getmetatable(L, -1)) return false;
  bool set = is(L, SET), binary = is(L, BINARY), number = is(L, NUMBER);
  lua_pop(L, 1);
  if (set) {
    put_set(L, e, at);
  } else if (binary || number) {
    json_put(L, e, binary ? "{\"B\":" : "{\"N\":", 5);
    put_member(L, e, at);
    PUT(L, e, "}");
  }
  return set || binary || number;
}

static void put_table(lua_State *L, struct json_encoder *e, const struct json_place *at,
                      int depth) {
  luaL_checkstack(L, 6, "dynamodb");
  if (put_special(L, e, at)) return;
  bool list = json_enter(L, e, at, depth);
  json_put(L, e, list ? "{\"L\":" : "{\"M\":", 5);
  if (list)
    json_put_list(L, e, at, depth + 1);
  else
    json_put_object(L, e, at, depth + 1);
  PUT(L, e, "}");
}

static void put_attribute(lua_State *L, struct json_encoder *e, const struct json_place *at,
                          int depth) {
  struct slice s;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    s.data = lua_tolstring(L, -1, &s.len);
    PUT(L, e, "{\"S\":");
    json_put_string(L, e, s, at);
    PUT(L, e, "}");
    return;
  case LUA_TNUMBER:
    PUT(L, e, "{\"N\":");
    put_digits(L, e, at);
    PUT(L, e, "}");
    return;
  case LUA_TBOOLEAN:
    if (lua_toboolean(L, -1))
      PUT(L, e, "{\"BOOL\":true}");
    else
      PUT(L, e, "{\"BOOL\":false}");
    return;
  case LUA_TTABLE: put_table(L, e, at, depth); return;
  case LUA_TUSERDATA:
    if (lua_topointer(L, -1) != e->null) break;
    PUT(L, e, "{\"NULL\":true}");
    return;
  default: break;
  }
  json_refuse_type(L, e, at);
}

static int encode(lua_State *L, json_writer *root) {
  struct json_encoder e = {
      .root = root,
      .value = put_attribute,
      .cannot = "dynamodb: cannot store ",
      .depth = MOST_LEVELS,
      .sorted = true,
      .as_text = true,
  };
  return json_encode(L, &e);
}

/* attribute_encode.value(value) -> text of an AttributeValue. Raises with the path of what
 * cannot be stored. */
static int attribute_encode_value(lua_State *L) {
  luaL_checkany(L, 1);
  return encode(L, put_attribute);
}

/* attribute_encode.item(table of attributes) -> text of a map of AttributeValues */
static int attribute_encode_item(lua_State *L) {
  if (!lua_istable(L, 1)) return luaL_error(L, "dynamodb: an item is a table");
  return encode(L, json_put_object);
}

static const luaL_Reg functions[] = {
    {"item", attribute_encode_item},
    {"value", attribute_encode_value},
    {NULL, NULL},
};

int luaopen_attribute_encode(lua_State *L);
int luaopen_attribute_encode(lua_State *L) {
  luaL_newlib(L, functions);
  luaL_newmetatable(L, SET);
  lua_setfield(L, -2, "set");
  luaL_newmetatable(L, BINARY);
  lua_setfield(L, -2, "binary");
  luaL_newmetatable(L, NUMBER);
  lua_setfield(L, -2, "number");
  return 1;
}
