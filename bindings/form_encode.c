/* SPDX-License-Identifier: MIT */
/* Lua's `form_encode` module, a function: a table as application/x-www-form-urlencoded with
 * Stripe's nesting. form.lua has the other direction. Tables are read raw. */
#include "box.h"
#include "encoding.h"
#include "guard.h"
#include "json_encode.h"
#include "sorted_keys.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_LEVELS = 16 };

struct form {
  struct bytes out, key; /* the key of the value that is being written: "a[b][0]" */
  const void *null;      /* json.null, as lua_topointer shows it */
};

static void put_value(lua_State *L, struct form *f, int depth);

static int refuse(lua_State *L, const struct form *f, const char *what) {
  lua_pushliteral(L, "form: ");
  if (f->key.len)
    lua_pushlstring(L, f->key.data, f->key.len);
  else
    lua_pushliteral(L, "the form");
  lua_pushfstring(L, " %s", what);
  lua_concat(L, 3);
  return lua_error(L);
}

static void put(lua_State *L, struct bytes *b, const char *text, size_t len) {
  guard_check_size(L, "form.encode", b->len + len);
  if (bytes_append(b, text, len)) box_no_memory(L);
}

static void put_escaped(lua_State *L, struct bytes *b, struct slice s) {
  guard_check_size(L, "form.encode", b->len + 3 * s.len);
  if (bytes_reserve(b, 3 * s.len)) box_no_memory(L);
  b->len += percent_encode(s.data, s.len, 0, b->data + b->len);
}

static void put_text(lua_State *L, struct form *f, const char *text) {
  put(L, &f->out, text, strlen(text));
}

/* A float that is whole is written as an integer. */
static void put_number(lua_State *L, struct form *f) {
  char text[32];
  double number = lua_tonumber(L, -1);
  if (!isfinite(number)) refuse(L, f, "is not a finite number");
  if (lua_isinteger(L, -1))
    snprintf(text, sizeof text, LUA_INTEGER_FMT, lua_tointeger(L, -1));
  else if (number == floor(number) && fabs(number) < 0x1p53)
    snprintf(text, sizeof text, "%lld", (long long)number);
  else
    snprintf(text, sizeof text, "%.17g", number);
  put_text(L, f, text);
}

static void put_scalar(lua_State *L, struct form *f) {
  struct slice s;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    s.data = lua_tolstring(L, -1, &s.len);
    put_escaped(L, &f->out, s);
    return;
  case LUA_TBOOLEAN: put_text(L, f, lua_toboolean(L, -1) ? "true" : "false"); return;
  case LUA_TNUMBER: put_number(L, f); return;
  case LUA_TUSERDATA:
    if (lua_topointer(L, -1) == f->null) return;
    break;
  default: break;
  }
  lua_pushfstring(L, "cannot be a %s", luaL_typename(L, -1));
  refuse(L, f, lua_tostring(L, -1));
}

/* stack: …, value. Under a name inside of what f->key names. */
static void put_member(lua_State *L, struct form *f, struct slice name, int depth) {
  size_t outer = f->key.len;
  if (depth > 1) put(L, &f->key, "[", 1);
  put_escaped(L, &f->key, name);
  if (depth > 1) put(L, &f->key, "]", 1);
  put_value(L, f, depth);
  f->key.len = outer;
}

static void put_list(lua_State *L, struct form *f, int depth) {
  lua_Unsigned n = lua_rawlen(L, -1), count = 0;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) count++;
  if (count != n) refuse(L, f, "mixes a list and names, or has holes");
  for (lua_Unsigned i = 0; i < n; i++) {
    char digits[DECIMAL_ROOM];
    size_t len = decimal_encode(i, digits);
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    put_member(L, f, (struct slice){digits, len}, depth);
    lua_pop(L, 1);
  }
}

/* stack: …, table. depth: of its members. */
static void put_table(lua_State *L, struct form *f, int depth) {
  struct sorted_keys keys;
  if (!sorted_keys_open(L, &keys)) refuse(L, f, "mixes a list and names");
  for (size_t i = 0; i < keys.count; i++) {
    sorted_keys_push(L, &keys, i);
    put_member(L, f, keys.list[i].name, depth);
    lua_pop(L, 1);
  }
  sorted_keys_close(L, &keys);
}

static void put_value(lua_State *L, struct form *f, int depth) {
  if (lua_type(L, -1) == LUA_TTABLE) {
    if (depth > MOST_LEVELS) refuse(L, f, "is nested too deeply");
    luaL_checkstack(L, 6, "form");
    guard_check(L);
    bool list = lua_rawgeti(L, -1, 1) != LUA_TNIL;
    lua_pop(L, 1);
    list ? put_list(L, f, depth + 1) : put_table(L, f, depth + 1);
    return;
  }
  if (f->out.len) put_text(L, f, "&");
  put(L, &f->out, f->key.data, f->key.len);
  put_text(L, f, "=");
  put_scalar(L, f);
}

/* protected; stack: form, table -> text */
static int encode(lua_State *L) {
  struct form *f = lua_touserdata(L, 1);
  put_table(L, f, 1);
  lua_pushlstring(L, f->out.data ? f->out.data : "", f->out.len);
  return 1;
}

/* form.encode(t) -> string; raises on what a form cannot carry */
static int form_encode(lua_State *L) {
  struct form f = {0};
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_getfield(L, LUA_REGISTRYINDEX, JSON_NULL_KEY);
  f.null = lua_topointer(L, -1);
  lua_pushcfunction(L, encode);
  lua_pushlightuserdata(L, &f);
  lua_pushvalue(L, 1);
  int status = lua_pcall(L, 2, 1, 0);
  bytes_free(&f.out);
  bytes_free(&f.key);
  return status ? lua_error(L) : 1;
}

int luaopen_form_encode(lua_State *L);
int luaopen_form_encode(lua_State *L) {
  lua_pushcfunction(L, form_encode);
  return 1;
}
