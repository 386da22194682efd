/* SPDX-License-Identifier: MIT */
/* unicode: what Lua's utf8 library leaves out. `require "unicode"` gives nfc, casefold and length.
 * Scripts call it on what people type, so that one spelling is one person. Text that is not UTF-8
 * is the world's fault: nil, message. Owns nothing: the work buffer hangs on the Lua stack.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <utf8proc.h>

static bool is_ascii(const char *s, size_t len) {
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)s[i] >= 0x80) return false;
  return true;
}

static int push_problem(lua_State *L, const char *problem) {
  lua_pushnil(L);
  lua_pushstring(L, problem);
  return 2;
}

static int push_invalid(lua_State *L) {
  return push_problem(L, "invalid UTF-8");
}

/* How many may follow one letter: what UAX #15 allows in its Stream-Safe Text Format. To put n of
 * them in order takes a time that grows with n * n, and nothing could stop it. */
enum { MARKS_MAX = 30 };

/* Three vowels of Tibetan are none, but are made of them. */
static bool is_mark(utf8proc_int32_t point) {
  return utf8proc_get_property(point)->combining_class || point == 0xf73 || point == 0xf75 ||
         point == 0xf81;
}

/* False for what is not UTF-8, too: that is found out later. */
static bool has_too_many_marks(const utf8proc_uint8_t *s, size_t len) {
  int marks = 0;
  while (len > 0) {
    utf8proc_int32_t point;
    utf8proc_ssize_t used = utf8proc_iterate(s, (utf8proc_ssize_t)len, &point);
    if (used <= 0) return false;
    marks = is_mark(point) ? marks + 1 : 0;
    if (marks > MARKS_MAX) return true;
    s += used;
    len -= (size_t)used;
  }
  return false;
}

/* Decomposes into code points, then composes and encodes them in place. */
static int push_mapped(lua_State *L, const char *s, size_t len, int options) {
  const utf8proc_uint8_t *in = (const utf8proc_uint8_t *)s;
  if (has_too_many_marks(in, len)) return push_problem(L, "more than 30 marks on one letter");
  utf8proc_ssize_t count = utf8proc_decompose(in, (utf8proc_ssize_t)len, NULL, 0, options);
  if (count < 0) return push_invalid(L);
  /* One more than needed: utf8proc ends its result with a NUL. */
  utf8proc_int32_t *points = lua_newuserdatauv(L, ((size_t)count + 1) * sizeof *points, 0);
  count = utf8proc_decompose(in, (utf8proc_ssize_t)len, points, count, options);
  if (count >= 0) count = utf8proc_reencode(points, count, options);
  if (count < 0) return push_invalid(L);
  lua_pushlstring(L, (const char *)points, (size_t)count); /* stack: s, points, text */
  return 1;
}

static int unicode_nfc(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  lua_settop(L, 1);
  if (is_ascii(s, len)) return 1;
  return push_mapped(L, s, len, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

/* Full case folding, then NFC: two texts that differ only in case or composition become the same
 * bytes. */
static int unicode_casefold(lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  lua_settop(L, 1);
  return push_mapped(L, s, len, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

static int unicode_length(lua_State *L) {
  size_t len;
  const utf8proc_uint8_t *s = (const utf8proc_uint8_t *)luaL_checklstring(L, 1, &len);
  lua_Integer count = 0;
  while (len > 0) {
    utf8proc_int32_t point;
    utf8proc_ssize_t used = utf8proc_iterate(s, (utf8proc_ssize_t)len, &point);
    if (used <= 0) return push_invalid(L);
    s += used;
    len -= (size_t)used;
    count++;
  }
  lua_pushinteger(L, count);
  return 1;
}

static const luaL_Reg unicode[] = {
    {"nfc", unicode_nfc},           /* nfc(s) -> text | nil, message */
    {"casefold", unicode_casefold}, /* casefold(s) -> text | nil, message */
    {"length", unicode_length},     /* length(s) -> code points | nil, message */
    {NULL, NULL},
};

int luaopen_unicode(lua_State *L);
int luaopen_unicode(lua_State *L) {
  luaL_newlib(L, unicode);
  return 1;
}
