/* SPDX-License-Identifier: MIT */
/* Lua values as JSON text. Tables are read raw; each level of nesting is one C frame,
 * which also knows its place. */
#include "json_encode.h"

#include "box.h"
#include "encoding.h"
#include "guard.h"
#include "sorted_keys.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- refusing --------------------------------------------------------------------------------- */

static void add_path(luaL_Buffer *b, const struct json_place *at) {
  enum { LONGEST = 64 };
  if (!at) return;
  add_path(b, at->up);
  if (at->key.data) {
    luaL_addchar(b, '.');
    luaL_addlstring(b, at->key.data, at->key.len < LONGEST ? at->key.len : LONGEST);
  } else {
    char index[32];
    snprintf(index, sizeof index, "[%lld]", (long long)at->index);
    luaL_addstring(b, index);
  }
}

void json_refuse(lua_State *L, struct json_encoder *e, const struct json_place *at,
                 const char *what) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, e->cannot);
  luaL_addstring(&b, what);
  if (at) luaL_addstring(&b, " at ");
  add_path(&b, at);
  luaL_pushresult(&b);
  lua_error(L);
}

static void grow(lua_State *L, struct json_encoder *e, size_t len) {
  guard_check_size(L, "json.encode", e->out.len + len);
  if (bytes_reserve(&e->out, len)) box_no_memory(L);
}

static inline void reserve(lua_State *L, struct json_encoder *e, size_t len) {
  if (len >= e->out.cap - e->out.len) grow(L, e, len);
}

void json_put(lua_State *L, struct json_encoder *e, const char *text, size_t len) {
  reserve(L, e, len);
  memcpy(e->out.data + e->out.len, text, len);
  e->out.len += len;
}

static inline void append_char(lua_State *L, struct json_encoder *e, char c) {
  reserve(L, e, 1);
  e->out.data[e->out.len++] = c;
}

/* --- strings and numbers ---------------------------------------------------------------------- */

size_t json_sequence(const char *text, const char *end) {
  const unsigned char *s = (const unsigned char *)text;
  size_t left = (size_t)(end - text);
  unsigned char low = 0x80, high = 0xbf; /* of the second byte: no overlong forms, no surrogates */
  size_t len = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : 4;
  if (s[0] < 0xc2 || s[0] > 0xf4 || left < len) return 0;
  if (s[0] == 0xe0) low = 0xa0;
  if (s[0] == 0xed) high = 0x9f;
  if (s[0] == 0xf0) low = 0x90;
  if (s[0] == 0xf4) high = 0x8f;
  if (s[1] < low || s[1] > high) return 0;
  for (size_t i = 2; i < len; i++)
    if (s[i] < 0x80 || s[i] > 0xbf) return 0;
  return len;
}

static void append_escape(lua_State *L, struct json_encoder *e, unsigned char c) {
  static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* pairs: the byte, its letter */
  static const char digits[] = "0123456789abcdef";
  char text[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
  for (const char *pair = shorts; *pair; pair += 2)
    if ((unsigned char)pair[0] == c) {
      text[1] = pair[1];
      json_put(L, e, text, 2);
      return;
    }
  json_put(L, e, text, sizeof text);
}

static const bool is_plain[256] = {
    [' ' ... '!'] = true, ['#' ... '['] = true, [']' ... 0x7f] = true};

/* The end, or the first byte that does not stand for itself. */
static const char *pass_plain(lua_State *L, struct json_encoder *e, const char *from,
                              const char *end, const struct json_place *at) {
  for (;;) {
    while (from < end && is_plain[(unsigned char)*from]) from++;
    if (from == end || (unsigned char)*from < 0x80) return from;
    size_t len = json_sequence(from, end);
    if (!len) json_refuse(L, e, at, "a string that is not UTF-8");
    from += len;
  }
}

void json_put_string(lua_State *L, struct json_encoder *e, struct slice s,
                     const struct json_place *at) {
  const char *from = s.data, *end = from + s.len;
  reserve(L, e, s.len + 2);
  append_char(L, e, '"');
  for (;;) {
    const char *plain = from;
    from = pass_plain(L, e, from, end, at);
    json_put(L, e, plain, (size_t)(from - plain));
    if (from == end) break;
    append_escape(L, e, (unsigned char)*from++);
  }
  append_char(L, e, '"');
}

/* The fewest digits that read back as the same float. */
static void shortest(double number, char text[JSON_DIGITS]) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, JSON_DIGITS, "%.*g", digits, number);
    if (digits == 17 || strtod(text, NULL) == number) break;
  }
}

static void whole(lua_Integer number, char text[JSON_DIGITS]) {
  uint64_t size = number < 0 ? -(uint64_t)number : (uint64_t)number;
  *text = '-';
  text += number < 0;
  text[decimal_encode(size, text)] = '\0';
}

void json_digits(lua_State *L, struct json_encoder *e, const struct json_place *at,
                 char text[JSON_DIGITS]) {
  double number = lua_tonumber(L, -1);
  if (lua_isinteger(L, -1))
    whole(lua_tointeger(L, -1), text);
  else if (isfinite(number))
    shortest(number, text);
  else
    json_refuse(L, e, at, isnan(number) ? "a number that is none (nan)" : "infinity");
}

/* An integer stays one, a float gets a point or an exponent. */
static void put_number(lua_State *L, struct json_encoder *e, const struct json_place *at) {
  char text[JSON_DIGITS];
  json_digits(L, e, at, text);
  if (!lua_isinteger(L, -1) && !strpbrk(text, ".e")) strcat(text, ".0");
  json_put(L, e, text, strlen(text));
}

/* --- tables ----------------------------------------------------------------------------------- */

static bool marked(lua_State *L, const void *array_mt) {
  if (!lua_getmetatable(L, -1)) return false;
  bool is = lua_topointer(L, -1) == array_mt;
  lua_pop(L, 1);
  return is;
}

/* Whether the table's keys are 1 to n and no others. */
static bool is_sequence(lua_State *L, lua_Unsigned n) {
  lua_Unsigned count = 0;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    lua_Integer key = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
    if (key < 1 || (lua_Unsigned)key > n) {
      lua_pop(L, 2);
      return false;
    }
    count++;
  }
  return count == n;
}

bool json_is_list(lua_State *L, const void *array_mt) {
  luaL_checkstack(L, 3, "json");
  if (marked(L, array_mt)) return true;
  lua_Unsigned n = lua_rawlen(L, -1);
  return n > 0 && is_sequence(L, n);
}

static void refuse_keys(lua_State *L, struct json_encoder *e, const struct json_place *at) {
  json_refuse(L, e, at, "a table that is neither a list nor an object");
}

void json_put_list(lua_State *L, struct json_encoder *e, const struct json_place *up, int depth) {
  lua_Unsigned n = lua_rawlen(L, -1);
  if (!is_sequence(L, n)) refuse_keys(L, e, up);
  append_char(L, e, '[');
  for (lua_Unsigned i = 1; i <= n; i++) {
    const struct json_place at = {up, {0}, (lua_Integer)i};
    if (i > 1) append_char(L, e, ',');
    lua_rawgeti(L, -1, (lua_Integer)i);
    e->value(L, e, &at, depth);
    lua_pop(L, 1);
  }
  append_char(L, e, ']');
}

/* stack: …, value; its key is a string that a table keeps alive */
static void encode_member(lua_State *L, struct json_encoder *e, const struct json_place *up,
                          struct slice key, int depth) {
  const struct json_place at = {up, key, 0};
  if (e->out.data[e->out.len - 1] != '{') append_char(L, e, ',');
  json_put_string(L, e, key, &at);
  append_char(L, e, ':');
  e->value(L, e, &at, depth);
}

/* stack: …, key, value */
static struct slice key_of(lua_State *L, struct json_encoder *e, const struct json_place *up) {
  struct slice key;
  if (lua_type(L, -2) != LUA_TSTRING) refuse_keys(L, e, up);
  key.data = lua_tolstring(L, -2, &key.len);
  return key;
}

static void encode_sorted(lua_State *L, struct json_encoder *e, const struct json_place *up,
                          int depth) {
  struct sorted_keys keys;
  if (!sorted_keys_open(L, &keys)) refuse_keys(L, e, up);
  for (size_t i = 0; i < keys.count; i++) {
    sorted_keys_push(L, &keys, i);
    encode_member(L, e, up, keys.list[i].name, depth);
    lua_pop(L, 1);
  }
  sorted_keys_close(L, &keys);
}

void json_put_object(lua_State *L, struct json_encoder *e, const struct json_place *up, int depth) {
  append_char(L, e, '{');
  if (e->sorted) {
    encode_sorted(L, e, up, depth);
  } else {
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
      encode_member(L, e, up, key_of(L, e, up), depth);
  }
  append_char(L, e, '}');
}

bool json_enter(lua_State *L, struct json_encoder *e, const struct json_place *at, int depth) {
  if (depth == e->depth) json_refuse(L, e, at, "tables nested so deep, or in a circle,");
  luaL_checkstack(L, 6, "json");
  guard_check(L);
  return marked(L, e->array_mt) || lua_rawlen(L, -1) > 0;
}

/* --- values and texts ------------------------------------------------------------------------- */

static bool put_userdata(lua_State *L, struct json_encoder *e) {
  if (lua_topointer(L, -1) == e->null) {
    json_put(L, e, "null", 4);
    return true;
  }
  const char *text = luaL_testudata(L, -1, JSON_TEXT_MT);
  if (text) json_put(L, e, text, lua_rawlen(L, -1));
  return text != NULL;
}

void json_put_value(lua_State *L, struct json_encoder *e, const struct json_place *at, int depth) {
  struct slice s;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    s.data = lua_tolstring(L, -1, &s.len);
    json_put_string(L, e, s, at);
    return;
  case LUA_TNUMBER: put_number(L, e, at); return;
  case LUA_TTABLE:
    if (json_enter(L, e, at, depth))
      json_put_list(L, e, at, depth + 1);
    else
      json_put_object(L, e, at, depth + 1);
    return;
  case LUA_TBOOLEAN:
    if (lua_toboolean(L, -1))
      json_put(L, e, "true", 4);
    else
      json_put(L, e, "false", 5);
    return;
  case LUA_TUSERDATA:
    if (put_userdata(L, e)) return;
    break;
  default: break;
  }
  json_refuse_type(L, e, at);
}

void json_refuse_type(lua_State *L, struct json_encoder *e, const struct json_place *at) {
  bool named = luaL_getmetafield(L, -1, "__name") == LUA_TSTRING;
  json_refuse(L, e, at, named ? lua_tostring(L, -1) : luaL_typename(L, -1));
}

static int text_tostring(lua_State *L) {
  lua_pushlstring(L, luaL_checkudata(L, 1, JSON_TEXT_MT), lua_rawlen(L, 1));
  return 1;
}

static void push_text(lua_State *L, const struct bytes *b) {
  memcpy(lua_newuserdatauv(L, b->len, 0), b->data, b->len);
  if (luaL_newmetatable(L, JSON_TEXT_MT)) {
    lua_pushcfunction(L, text_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, JSON_TEXT_MT);
    lua_setfield(L, -2, "__metatable");
  }
  lua_setmetatable(L, -2);
}

/* protected; stack: encoder, value -> text */
static int encode(lua_State *L) {
  enum { USUAL = 1024 };
  struct json_encoder *e = lua_touserdata(L, 1);
  if (bytes_reserve(&e->out, USUAL)) box_no_memory(L);
  e->root(L, e, NULL, 0);
  if (e->as_text)
    push_text(L, &e->out);
  else
    lua_pushlstring(L, e->out.data, e->out.len);
  return 1;
}

int json_encode(lua_State *L, struct json_encoder *e) {
  luaL_checkstack(L, 6, "json");
  lua_getfield(L, LUA_REGISTRYINDEX, JSON_NULL_KEY);
  e->null = lua_topointer(L, -1);
  luaL_getmetatable(L, JSON_ARRAY_MT);
  e->array_mt = lua_topointer(L, -1);
  lua_pushcfunction(L, encode);
  lua_pushlightuserdata(L, e);
  lua_pushvalue(L, 1);
  int status = lua_pcall(L, 2, 1, 0);
  bytes_free(&e->out);
  if (status == LUA_ERRRUN && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return status ? lua_error(L) : 1;
}
